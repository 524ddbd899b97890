// Keeps the look of a choice in step with its native radio or checkbox.
export function mark(field) {
  const scope = field.form ?? document;
  for (const other of scope.querySelectorAll(`.opt input[name="${CSS.escape(field.name)}"]`)) {
    other.closest(".opt").classList.toggle("on", other.checked);
  }
}

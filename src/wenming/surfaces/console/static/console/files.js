// Says which file was chosen, since the browser's own words are hidden behind the button.
document.addEventListener("change", (event) => {
  const field = event.target;
  if (!field.matches("input[type=file][data-names]") || field.dataset.shrink) return;
  const list = document.getElementById(field.dataset.names);
  if (list) list.textContent = [...field.files].map((file) => file.name).join("、");
});

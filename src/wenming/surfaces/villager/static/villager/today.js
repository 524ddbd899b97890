// The day on the lunar calendar beside today's date, where the browser knows that calendar; Chinese pages only.
const TENS = ["初", "十", "廿", "三"];
const ONES = ["十", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const ROUND = { 10: "初十", 20: "二十", 30: "三十" };
const place = document.querySelector("[data-lunar]");

if (place && document.documentElement.lang.startsWith("zh")) {
  const calendar = new Intl.DateTimeFormat("zh-CN-u-ca-chinese", { month: "long", day: "numeric", timeZone: "UTC" });
  const parts = calendar.formatToParts(new Date(`${place.dataset.lunar}T12:00:00Z`));
  const month = parts.find((part) => part.type === "month")?.value;
  const day = Number.parseInt(parts.find((part) => part.type === "day")?.value, 10);
  if (calendar.resolvedOptions().calendar === "chinese" && day) {
    place.textContent = ` · 农历${month}${ROUND[day] ?? TENS[Math.floor(day / 10)] + ONES[day % 10]}`;
  }
}

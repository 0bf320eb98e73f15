/* Charts of /analytics: each is drawn from the table in its own figure, which stays there for whoever wants the numbers. */

const root = getComputedStyle(document.documentElement);
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

function bytes(value) {
  if (value == null) return "";
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1);
  const shown = value / 1000 ** power;
  return `${shown >= 10 || Number.isInteger(shown) ? Math.round(shown) : shown.toFixed(1)} ${UNITS[power]}`;
}

const number = (value) => (value == null ? "" : value.toLocaleString("en", { maximumFractionDigits: 1 }));

/* Seconds, in the unit that `most` asks for, so that the steps of an axis are told apart. */
function time(value, most = value) {
  if (value == null) return "";
  const [unit, each] = most >= 3600 ? ["h", 3600] : most >= 60 ? ["min", 60] : ["s", 1];
  return value ? `${number(value / each)} ${unit}` : "0";
}

function colour(figure, name) {
  const probe = document.createElement("span"); // a custom property with light-dark() has no colour until it is used
  probe.style.color = `var(${name})`;
  figure.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function read(figure) {
  const head = [...figure.querySelectorAll("thead th")];
  const rows = [...figure.querySelectorAll("tbody tr")];
  const columns = head.map((_, index) => rows.map((row) => Number(row.cells[index].dataset.value)));
  const series = head.slice(1).map((cell) => ({ label: cell.textContent, ...cell.dataset }));
  return { columns, series };
}

/* What a stacked series shows: its own values on top of those of the series behind it. */
function stacked(columns, series) {
  const shown = [...columns];
  for (let index = series.length - 1; index >= 0; index -= 1) {
    if ("stack" in series[index]) shown[index + 1] = columns[index + 1].map((value, at) => value + shown[index + 2][at]);
  }
  return shown;
}

function drawn(figure, one, index, formats, values) {
  const stroke = colour(figure, one.tone === "bad" ? "--bad" : `--chart-${(index % 4) + 1}`);
  const bars = one.series === "bars";
  return {
    label: one.label, scale: one.scale || "y", stroke, width: bars ? 0 : 2,
    fill: bars ? stroke : one.series === "area" ? colour(figure, "--tint") : undefined,
    paths: bars ? uPlot.paths.bars({ size: [0.6, 40] }) : undefined,
    points: { show: !bars && values.length < 12, size: 6 },
    value: (_, shown, __, at) => (at == null ? "" : formats[one.scale || "y"](values[at])),
  };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function moment(seconds, hourly) {
  const at = new Date(seconds * 1000);
  const day = `${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}`;
  const hour = `${String(at.getUTCHours()).padStart(2, "0")}:00`;
  if (hourly === "whole") return `${day}, ${hour}`;
  return hourly && at.getUTCHours() ? hour : day;
}

function axes(figure, formats, series, hourly) {
  const quiet = colour(figure, "--quiet");
  const line = colour(figure, "--line");
  const font = `12px ${root.getPropertyValue("--font") || "sans-serif"}`;
  const plain = { stroke: quiet, font, ticks: { show: false }, grid: { stroke: line, width: 1 } };
  const left = { ...plain, size: 62, values: (_, ticks) => ticks.map(formats.y) };
  const right = { ...plain, scale: "time", side: 1, size: 52, grid: { show: false }, incrs: TIMES, values: (_, ticks) => ticks.map((tick) => time(tick, ticks.at(-1))) };
  const times = { ...plain, grid: { show: false }, space: 64, values: (_, ticks) => ticks.map((tick) => moment(tick, hourly)) };
  return [times, left, ...(series.some((one) => one.scale === "time") ? [right] : [])];
}

const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6];
const SIXTIETHS = [1, 2, 5, 10, 15, 30];
const TIMES = [...SIXTIETHS, ...SIXTIETHS.map((minutes) => minutes * 60), ...WHOLE.map((hours) => hours * 3600)]; // s
const fromZero = (_, low, high) => [0, high > 0 ? high * 1.08 : 1];

function draw(figure) {
  const place = figure.querySelector(".chart-canvas");
  const { columns, series } = read(figure);
  const hourly = figure.dataset.step === "hour";
  const half = (hourly ? 3600 : 86400) / 2; // so that the first bar and the last are whole
  const counts = figure.dataset.unit !== "bytes";
  const formats = { y: counts ? number : bytes, time: (value) => time(value) };
  const [times, left, ...right] = axes(figure, formats, series, hourly);
  return new uPlot({
    width: place.clientWidth, height: place.clientHeight,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    series: [{ label: "UTC", value: (_, at) => (at == null ? "" : moment(at, hourly && "whole")) },
      ...series.map((one, index) => drawn(figure, one, index, formats, columns[index + 1]))],
    scales: { x: { range: (_, low, high) => [low - half, high + half] }, y: { range: fromZero }, time: { range: fromZero } },
    axes: [times, counts ? { ...left, incrs: WHOLE } : left, ...right],
    cursor: { y: false, drag: { x: false, y: false } },
  }, stacked(columns, series), place);
}

function show(figure) {
  const place = figure.querySelector(".chart-canvas");
  let chart = null;
  const again = () => {
    chart?.destroy();
    chart = draw(figure);
    place.style.height = "auto"; // its legend stands below the canvas
  };
  again();
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: chart.height })).observe(place);
  new MutationObserver(() => again()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

document.querySelectorAll("[data-chart]").forEach(show);

/* A drop box: files that visitors send to whoever made the share, one after the other, as single bodies. */

const box = document.getElementById("drop-box");
const list = box.querySelector("[data-files]");
const input = box.querySelector("input");
let before = Promise.resolve();

input.addEventListener("change", () => {
  for (const file of input.files) take(file);
  input.value = "";
});
box.addEventListener("dragover", (event) => event.preventDefault());
box.addEventListener("drop", (event) => {
  event.preventDefault();
  for (const file of event.dataTransfer.files) take(file);
});

/** Queue one file, with a line of its own. */
function take(file) {
  const line = document.createElement("li");
  const [name, says, bar] = ["span", "span", "progress"].map((tag) => document.createElement(tag));
  line.className = "drop-box-file";
  name.className = "row-name";
  says.className = "row-facts";
  name.textContent = file.name;
  says.textContent = "Waiting";
  bar.max = file.size || 1;
  bar.value = 0;
  line.append(name, says, bar);
  list.append(line);
  const told = (text, sent) => {
    says.textContent = text;
    if (sent !== undefined) bar.value = sent;
  };
  before = before.then(() => send(file, told)).catch((problem) => told(problem.message));
}

async function send(file, told) {
  told("Sending");
  const { upload_id: id } = await post(box.dataset.begin, { filename: file.name, size: file.size });
  await put(`/v1/files/part?upload_id=${id}&part=1`, file, (sent) => told("Sending", sent));
  told("Checking", file.size);
  await post("/v1/files/complete", { upload_id: id });
  told("Sent", file.size || 1);
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw problem(said);
  return said;
}

/** fetch() does not tell how much has been sent. */
function put(path, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded }) => progress(loaded));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(problem(request.response))));
    request.addEventListener("error", () => reject(new Error("The server does not answer. Try it again.")));
    request.send(file);
  });
}

function problem(said) {
  const { message, details } = said?.error ?? {};
  return new Error(message ? `${message} ${details}` : "It could not be sent. Try it again.");
}

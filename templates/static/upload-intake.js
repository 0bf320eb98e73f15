/* From what a person drops or picks to a list of {file, folder}: whole directories too, with their folders kept. */

const IGNORED = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]); // written by systems, meant by nobody

/** Of an <input type=file>; one with webkitdirectory says where below the chosen folder each file lay. */
export function picked(input) {
  return Array.from(input.files, (file) => ({ file, folder: folderOf(file.webkitRelativePath) })).filter(isMeant);
}

/** Of a drop. (!) The entries must be taken before the first await: afterwards the browser has emptied the list.
    What comes from another program may be a file without an entry. */
export async function dropped(transfer) {
  const items = Array.from(transfer.items).filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = await Promise.all(entries.map((entry) => (entry instanceof File ? [{ file: entry, folder: "" }] : walk(entry, ""))));
  return found.flat().filter(isMeant);
}

/** Whether a drag carries files, rather than text or a link of the page. */
export function carriesFiles(transfer) {
  return Array.from(transfer?.types ?? []).includes("Files");
}

async function walk(entry, folder) {
  if (entry.isFile) return [{ file: await fileOf(entry), folder }];
  const below = folder ? `${folder}/${entry.name}` : entry.name;
  const found = [];
  for (const child of await children(entry)) found.push(...(await walk(child, below)));
  return found;
}

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** All of a directory's entries: readEntries hands out at most a hundred at a time. */
async function children(directory) {
  const reader = directory.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}

function folderOf(relativePath) {
  return relativePath ? relativePath.split("/").slice(0, -1).join("/") : "";
}

function isMeant({ file }) {
  return !IGNORED.has(file.name);
}

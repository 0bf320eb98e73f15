/* Lets media-chrome's components keep their styles under `style-src 'self'`.

   They write `<style>` elements into their shadow roots, which the policy rightly refuses. Rules that a script adds
   through the CSSOM are allowed, so this turns each of those elements into a constructable style sheet before the
   markup reaches the document: the browser never sees an inline style, and nothing is reported.

   media-chrome later looks the elements up (`querySelectorAll("style:not([media])")`) to change rules through their
   `sheet`. Hence the stand-in: an element of that name, of no namespace the browser gives a meaning to, whose
   `sheet` is the adopted one. Import this before media-chrome. */

function standIn(style, sheet) {
  const element = document.createElementNS(null, "style");
  for (const { name, value } of style.attributes) element.setAttribute(name, value);
  Object.defineProperty(element, "sheet", { value: sheet });
  return element;
}

function adopt(root, style) {
  const sheet = new CSSStyleSheet({ media: style.media });
  sheet.replaceSync(style.textContent);
  root.adoptedStyleSheets.push(sheet);
  style.replaceWith(standIn(style, sheet));
}

/** Fill a shadow root with `markup`, its styles adopted. */
function fill(root, markup) {
  const template = document.createElement("template"); // inert: nothing in it is applied or checked
  template.innerHTML = markup;
  const content = template.content;
  // Declared inner roots would bring styles of their own; without them the inner components fill themselves, by here.
  for (const inner of content.querySelectorAll("template[shadowrootmode]")) inner.remove();
  for (const style of content.querySelectorAll("style")) adopt(root, style); // HTML's and SVG's
  root.replaceChildren(content);
}

Object.defineProperty(ShadowRoot.prototype, "innerHTML", {
  ...Object.getOwnPropertyDescriptor(ShadowRoot.prototype, "innerHTML"),
  set(markup) {
    fill(this, markup);
  },
});
ShadowRoot.prototype.setHTMLUnsafe = function setHTMLUnsafe(markup) {
  fill(this, markup);
};

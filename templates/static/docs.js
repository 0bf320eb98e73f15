/* The API's page: an operation that the address names is open. */

function open() {
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted?.matches("details")) wanted.open = true;
}

open();
addEventListener("hashchange", open);

#!/bin/sh
# Copies what the pages load from node_modules (see package-lock.json) to static/vendor/. Run it after `npm ci`.
#
# The names end in .js because Nginx's own mime.types does not know .mjs, and a module without a JavaScript type is
# not run. The source map comments go, because the maps are not copied and every open developer console would ask.
set -eu
cd "$(dirname "$0")"

vendor() {  # vendor SOURCE NAME
    sed '/^\/\/# sourceMappingURL=/d' "node_modules/$1" > "static/vendor/$2"
    case $2 in *.js) gzip -9 -n -f -k "static/vendor/$2" ;; esac  # what Nginx sends (gzip_static)
}

mkdir -p static/vendor/pdf
vendor hls.js/dist/hls.min.mjs hls.js
vendor hls.js/dist/hls.worker.js hls.worker.js
vendor hls.js/LICENSE hls.LICENSE
vendor media-chrome/dist/iife/all.js media-chrome.js
vendor media-chrome/LICENSE media-chrome.LICENSE
vendor pdfjs-dist/legacy/build/pdf.min.mjs pdf/pdf.js
vendor pdfjs-dist/legacy/build/pdf.worker.min.mjs pdf/pdf.worker.js
vendor pdfjs-dist/LICENSE pdf/LICENSE
for folder in cmaps standard_fonts wasm; do # what PDFs may need and do not bring
    cp -R "node_modules/pdfjs-dist/$folder" static/vendor/pdf/
done
vendor tus-js-client/dist/tus.min.js tus.js
vendor tus-js-client/LICENSE tus.LICENSE
vendor uplot/dist/uPlot.iife.min.js uplot.js
vendor uplot/dist/uPlot.min.css uplot.css
vendor uplot/LICENSE uplot.LICENSE

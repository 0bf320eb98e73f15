"""PDFs of the tests' own making: pages with a red square and their number, and a script that runs where scripts run."""

from __future__ import annotations


def pdf(pages: int, script: str) -> bytes:
    quoted = script.replace("(", "\\(").replace(")", "\\)")
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /OpenAction 3 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        f"<< /S /JavaScript /JS ({quoted}) >>", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]  # fmt: skip
    for number in range(1, pages + 1):
        drawn = f"1 0 0 rg 60 300 200 200 re f BT /F1 28 Tf 0 g 60 700 Td (Page number {number}) Tj ET"
        resources = f"/Contents {len(objects) + 2} 0 R /Resources << /Font << /F1 4 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {resources} >>")
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    out, places = b"%PDF-1.5\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
    end = f"trailer << /Size {len(places) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + head + table + end.encode()

"""
Makes the documents of test/fixtures/documents and records there what Dify's engine extracts from each.

    pip install graphon openpyxl python-docx python-pptx reportlab unstructured
    python scripts/make-documents-corpus.py test/fixtures/documents

Seen with graphon 0.1.2 (the extractor's text is that of 0.8), pandas 3.0, openpyxl 3.1, python-docx 1.2, python-pptx
1.0 and unstructured 0.21. unstructured sorts a slide's texts into kinds with a language model that it fetches; the kinds
do not reach the extractor's output, so that its questions are answered here with no.
"""

import datetime
import inspect
import json
import pathlib
import sys

import docx
import openpyxl
import unstructured.partition.pptx as partition
from docx.oxml import OxmlElement
from graphon.nodes.document_extractor import UnstructuredApiConfig, node
from pptx import Presentation
from pptx.util import Emu, Inches
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def path(name):
    return str(folder / name)


def make_pdfs():
    page = canvas.Canvas(path("plain.pdf"), invariant=1)
    page.drawString(72, 750, "Release notes")
    page.drawString(72, 730, "Second line, page one")
    page.showPage()
    page.drawString(72, 750, "Page two")
    page.showPage()
    page.save()
    # The fonts are not embedded: which character a code stands for is known to PDFium alone.
    page = canvas.Canvas(path("cjk.pdf"), invariant=1)
    texts = {"HeiseiMin-W3": "レビューの結果", "HYSMyeongJo-Medium": "리뷰 결과", "STSong-Light": "审查结果"}
    for font, text in texts.items():
        pdfmetrics.registerFont(UnicodeCIDFont(font))
        page.setFont(font, 14)
        page.drawString(72, 700, text)
        page.translate(0, -40)
    page.showPage()
    page.save()
    page = canvas.Canvas(path("empty.pdf"), invariant=1)
    page.showPage()
    page.save()
    for name, password in (("encrypted.pdf", "secret"), ("owner.pdf", "")):
        encryption = StandardEncryption(password, ownerPassword="owner", strength=128)
        page = canvas.Canvas(path(name), encrypt=encryption, invariant=1)
        page.drawString(72, 700, "behind a password")
        page.showPage()
        page.save()


def element(name, text=None):
    made = OxmlElement(name)
    if text is not None:
        made.text = text
    return made


def run_of(*children):
    run = element("w:r")
    for child in children:
        run.append(child)
    return run


def make_word():
    word = docx.Document()
    word.add_heading("Design of the queue", 1)
    paragraph = word.add_paragraph("A run is ")
    paragraph.add_run("claimed").bold = True
    paragraph.add_run(" once.\tThen\nit ends.")
    word.add_paragraph("")
    word.add_paragraph("First", "List Bullet")
    table = word.add_table(rows=3, cols=3)
    rows = [["Name", "State", "Count"], ["run", "queued", "1"], ["event", "two\nlines", "2 | 3"]]
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    word.add_paragraph("After the table.")
    table = word.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 0).text = "a"
    table.cell(1, 1).text = "b"
    table = word.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "tall"
    table.cell(0, 1).text = "x"
    table.cell(1, 1).text = "y"
    word.add_table(rows=2, cols=2)
    paragraph = word.add_paragraph("See ")
    link = element("w:hyperlink")
    link.append(run_of(element("w:t", "the page")))
    paragraph._p.append(link)
    paragraph._p.append(run_of(element("w:t", " now"), element("w:noBreakHyphen"), element("w:t", "end")))
    inserted = element("w:ins")
    inserted.append(run_of(element("w:t", "INSERTED")))
    paragraph._p.append(inserted)
    deleted = element("w:del")
    deleted.append(run_of(element("w:delText", "DELETED")))
    paragraph._p.append(deleted)
    paragraph.add_run().add_break(docx.enum.text.WD_BREAK.PAGE)
    word.add_paragraph("レビューの結果 리뷰 <&>")
    word.sections[0].header.paragraphs[0].text = "HEADER"
    word.save(path("plain.docx"))


def sheets(name, tables, change=lambda book: None):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in tables.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    change(book)
    book.save(path(name))


def make_excel():
    def change(book):
        odd = book["Odd"]
        odd["B2"], odd["C3"], odd["D4"] = "x", 1.25, "=1+1"
        odd["B5"], odd["C5"] = datetime.time(12, 30), "#N/A"
        odd["B6"], odd["C6"], odd["D6"] = "  spaces ", 1e20, datetime.timedelta(hours=30)
        book["Hidden"].sheet_state = "hidden"

    moment = datetime.datetime(2026, 11, 30, 9, 5, 0)
    day = datetime.date(2026, 12, 1)
    sheets(
        "plain.xlsx",
        {
            "Runs": [
                ["id", "state", "cost", "when", "ok", "note", "day"],
                [1, "queued", 0.5, moment, True, "two\nlines", day],
                [2, "done", 3, datetime.datetime(2026, 12, 1), False, None, None],
                [None] * 7,
                [3, "lost", None, None, None, "日本", None],
            ],
            "Numbers": [["a", "b", "a", None], [1, 2.5, 3, 4], [10, 20, 30, None]],
            "Whole": [["a", "b"], [1, 2], [3, 4], [10**14, -5]],
            "Empty": [],
            "Odd": [],
            "Hidden": [["secret"], ["row"]],
            "Mixed": [["n", "s"], [1, "a"], ["x", 2], [2.0, True]],
            "Heading": [["only"]],
        },
        change,
    )
    sheets(
        "columns.xlsx",
        {
            "Texts": [
                ["code", "yes", "mixed", "na", "bool", "bools", 2.5, datetime.date(2026, 1, 1), None],
                ["001", "True", "1", "NA", "x", True, 1, 1, 1],
                ["002", "False", "b", "N/A", "y", False, 1, 1, 1],
                ["010", "True", "2.0", "null", "z", True, 1, 1, 1],
            ],
            "Numbers as texts": [["a", "b"], ["1", 2], ["2", 3]],
            "Truth and numbers": [["a", "b"], [True, 2], [False, 3]],
            "Dates": [["d"], [datetime.datetime(2026, 1, 2, 3, 4, 5, 678000)], [datetime.date(2026, 1, 2)]],
            "Dates and texts": [["d", "e"], [datetime.datetime(2026, 1, 2, 3, 4, 5), 1], ["x", 2]],
            "Floats": [["d"], [1.5], [123456789.125], [1e16], [-0.00001]],
            "Gap in numbers": [["h", "k"], [1, "x"], [None, "y"]],
            "Gap in truth": [["h", "k"], [True, "x"], [None, "y"]],
            "Nothing": [["b", "c"], [None, None], ["NA", 1]],
            "Whole and float": [["b", "c"], [1, 2.5], [2, 3.5]],
            "Times": [["b"], [datetime.time(1, 2, 3)], [datetime.timedelta(days=1, hours=2)]],
            "Bars": [["a|b"], ["c|d"]],
            "Numbers above": [[7, 2.5], ["x", 1]],
            "Truth and words": [["a"], [False], ["FALSE"]],
            "Spans and texts": [["a"], ["x"], [datetime.timedelta(hours=5)], [datetime.timedelta(days=1)]],
            "A date alone": [["a", "b"], [datetime.datetime(2026, 1, 2), None], ["x", None]],
        },
    )


def make_slides():
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[0])
    slide.shapes.title.text = "Reviewflow"
    slide.placeholders[1].text = "A reviewer\nfor merge requests"
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Points"
    frame = slide.placeholders[1].text_frame
    frame.text = "First point"
    nested = frame.add_paragraph()
    nested.text = "Nested point"
    nested.level = 1
    frame.add_paragraph().text = "line\vbreak"
    slide.notes_slide.notes_text_frame.text = "Notes of the speaker"
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Table"
    cells = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in enumerate([["two  words", ""], ["r1 c0", "r1c1"]]):
        for column, text in enumerate(texts):
            cells.cell(row, column).text = text
    slide.shapes.add_table(1, 1, Inches(1), Inches(6), Inches(4), Inches(1))
    # Made after the title and below it, but above the table; the title's place is its layout's.
    slide.shapes.add_textbox(Inches(1), Inches(1.6), Inches(3), Inches(1)).text_frame.text = "日本語の本文"
    slide.shapes.add_textbox(Inches(1), Emu(1), Inches(3), Inches(1)).text_frame.text = "Above all"
    slide.shapes.add_textbox(Inches(-3), Inches(1), Inches(1), Inches(1)).text_frame.text = "BESIDE THE SLIDE"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(5), Inches(5), Inches(2), Inches(1)).text_frame.text = "in a group"
    show.slides.add_slide(show.slide_layouts[6])
    show.save(path("plain.pptx"))


EXTRACTORS = {
    "pdf": node._extract_text_from_pdf,
    "docx": node._extract_text_from_docx,
    "xlsx": node._extract_text_from_excel,
    "pptx": node._extract_text_from_pptx,
}


def extract(file):
    extractor = EXTRACTORS[file.suffix[1:]]
    takes = inspect.signature(extractor).parameters
    more = {"unstructured_api_config": UnstructuredApiConfig()} if len(takes) > 1 else {}
    try:
        return {"text": extractor(file.read_bytes(), **more)}
    except Exception as error:
        return {"error": str(error)}


partition.is_possible_narrative_text = lambda text, **_: False
partition.is_possible_title = lambda text, **_: False
make_pdfs()
make_word()
make_excel()
make_slides()
files = sorted(file for file in folder.iterdir() if file.suffix[1:] in EXTRACTORS)
recorded = {file.name: extract(file) for file in files}
(folder / "extracted.json").write_text(json.dumps(recorded, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

# XML and HTML with lxml: building, XPath, namespaces, a stylesheet, a schema, streaming and repairing broken pages.
from io import BytesIO

from lxml import etree, html
from lxml.builder import E

BOOKS = [
    ("b1", "Dune", "Herbert", 1965, "9.99"),
    ("b2", "Emma", "Austen", 1815, "7.50"),
    ("b3", "Solaris", "Lem", 1961, "8.25"),
]
STYLE = """
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="text"/>
  <xsl:template match="/"><xsl:for-each select="//book"><xsl:sort select="@year" data-type="number"/>
    <xsl:value-of select="concat(@year, ' ', title, '; ')"/></xsl:for-each></xsl:template>
</xsl:stylesheet>"""
SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="order"><xs:complexType>
  <xs:sequence><xs:element name="units" type="xs:positiveInteger"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""
PAGE = """<p>One <b>bold<p class='x'>Two<a href='/y?q=1'>link</a>
<table><tr><td>1<td>2<tr><td>3<td>4</table>"""

catalogue = E.catalogue()
for key, title, author, year, price in BOOKS:
    parts = (E.title(title), E.author(author), E.price(price, currency="EUR"))
    catalogue.append(E.book(*parts, id=key, year=str(year)))
print(etree.tostring(catalogue, pretty_print=True).decode().splitlines()[1:4])
print("titles:", catalogue.xpath("//title/text()"))
print("after 1900:", catalogue.xpath("//book[@year > 1900]/author/text()"))
print(f"sum: {catalogue.xpath('sum(//price)'):.2f}", "count:", int(catalogue.xpath("count(//book)")))
find = etree.XPath("//book[author = $name]/@id")
print("by name:", find(catalogue, name="Lem"))
for price in catalogue.iter("price"):
    price.text = f"{float(price.text) * 1.1:.2f}"
catalogue.remove(catalogue.find("book[@id='b2']"))
print("dearer:", [price.text for price in catalogue.iter("price")])
print("path:", catalogue.getroottree().getpath(catalogue[1][2]))
spaced = etree.fromstring('<r xmlns="urn:a" xmlns:x="urn:b"><x:i n="1"/><i n="2"/></r>')
print("namespaces:", spaced.xpath("//b:i/@n", namespaces={"b": "urn:b"}), spaced[1].tag)
print("stylesheet:", str(etree.XSLT(etree.XML(STYLE))(catalogue)).strip())

schema = etree.XMLSchema(etree.XML(SCHEMA))
for text in ("<order><units>3</units></order>", "<order><units>-1</units></order>", "<order/>"):
    print("valid:", schema.validate(etree.XML(text)), "errors:", len(schema.error_log) > 0)

page = html.fromstring(PAGE)
page.make_links_absolute("https://example.org/a/")
print("links:", [link for _, _, link, _ in page.iterlinks()])
print("cells:", [[cell.text.strip() for cell in row.iter("td")] for row in page.iter("tr")])
print("text:", " ".join(page.text_content().split()), "| classes:", [e.tag for e in page.xpath("//*[@class='x']")])
stream = BytesIO(b"<log>" + b"".join(b'<e level="%d"/>' % (i % 3) for i in range(3000)) + b"</log>")
levels = [0, 0, 0]
for _, element in etree.iterparse(stream, tag="e"):
    levels[int(element.get("level"))] += 1
    element.clear()
print("streamed:", levels)
try:
    etree.fromstring("<a><b></a>")
except etree.XMLSyntaxError as error:
    print("refused:", error.lineno, error.msg.split(":")[0])
repaired = etree.fromstring("<a><b>x</a>", etree.XMLParser(recover=True))
print("recovered:", etree.tostring(repaired).decode())
print("canonical:", etree.tostring(etree.fromstring('<a  z="1"   b="2"/>'), method="c14n").decode())

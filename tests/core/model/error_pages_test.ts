import assert from "node:assert/strict";
import { type ErrorPages, isErrorPage, parseErrorPages } from "../../../lib/core/model/error_pages.ts";

const BUFFER = 16_384;

function read(files: Readonly<Record<string, string>>, buffer = BUFFER): ErrorPages {
  const pages = parseErrorPages(new Map(Object.entries(files)), buffer);
  assert.ok(pages.ok, pages.ok ? "" : pages.expected);
  return pages.value;
}

const rows = ({ map }: ErrorPages) => map.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

/** The page as HAProxy finds it: the row whose key is the longest that the key looked for begins with. */
function found(pages: ErrorPages, status: number, set = ""): string | undefined {
  const key = `${status}|${set}|`;
  const fitting = rows(pages).map((row) => row.split(/ ([^]*)/, 2)).filter(([own = ""]) =>
    key.startsWith(own)
  );
  return fitting.sort(([a = ""], [b = ""]) => b.length - a.length)[0]?.[1];
}

Deno.test("a set's own page beats its page for all, that beats the default one, and a status beats 5xx", () => {
  const pages = read({
    "404.html": "default 404",
    "5xx.html": "default 5xx",
    "503.html": "default 503",
    "shop/503.html": "shop 503",
    "shop/4xx.html": "shop 4xx",
    "shop2/5xx.html": "shop2 5xx",
  });
  assert.deepEqual([...pages.sets], ["shop", "shop2"]);
  assert.equal(found(pages, 404), "default 404");
  assert.equal(found(pages, 404, "shop"), "shop 4xx");
  assert.equal(found(pages, 404, "shop2"), "default 404");
  assert.equal(found(pages, 503), "default 503");
  assert.equal(found(pages, 503, "shop"), "shop 503");
  assert.equal(found(pages, 503, "shop2"), "shop2 5xx");
  assert.equal(found(pages, 502, "shop"), "default 5xx");
  // Only the set has a page.
  assert.match(found(pages, 403) ?? "", /403 Forbidden/);
  assert.deepEqual(read({ "503.html": "x" }).statuses, [503]);
});

Deno.test("a page stands on one line, and a browser takes it for the same", () => {
  const page = (html: string) => found(read({ "503.html": html }), 503);
  assert.equal(page("\uFEFF\r\n<p\n class=a>\tone\r\ntwo\r</p>\n"), "<p  class=a> one two </p>");
  assert.equal(page("<PRE>a\n\tb<i\n x></i></PRE>\nc"), "<PRE>a&#10;&#9;b<i  x></i></PRE> c");
  assert.equal(page("<script>\n// why\nf()</script>\n1"), "<script>\u2028// why\u2028f()</script> 1");
  assert.equal(page("<style>\na {}\n</style>"), "<style> a {} </style>");
  assert.equal(page('100% %[src] ${HOME} "q" \\n #'), '100% %[src] ${HOME} "q" \\n #');
});

Deno.test("a page that HAProxy could not answer is refused by its name, and so is a folder without pages", () => {
  const why = (files: Readonly<Record<string, string>>, buffer = BUFFER) => {
    const pages = parseErrorPages(new Map(Object.entries(files)), buffer);
    return pages.ok ? "" : pages.expected;
  };
  assert.equal(why({ "503.html": "é".repeat(7_168) }), "");
  assert.match(
    why({ "503.html": `é${"é".repeat(7_168)}` }),
    /^at most 14336 bytes in 503[.]html, which has 14338$/,
  );
  assert.equal(why({ "503.html": "x".repeat(30_000) }, 32_768), "");
  for (const wrong of ["", " \n", "a\u0000b", "a\u001bb", "a\ud800"]) {
    assert.match(why({ "shop/404.html": wrong }), /control characters in shop\/404[.]html/);
  }
  assert.match(why({}), /pages such as 404[.]html/);
  assert.match(why({ "503.htm": "x", "README": "x", "200.html": "x" }), /pages such as 404[.]html/);
  const many = Object.fromEntries(
    Array.from({ length: 80 }, (_, at) => [`set${at}/503.html`, "x".repeat(14_000)]),
  );
  assert.match(why(many), /at most 1048576 bytes in all pages/);
});

Deno.test("files that are no pages are left alone", () => {
  for (const path of ["404.html", "4xx.html", "shop/503.html", "a/5xx.html"]) {
    assert.equal(isErrorPage(path), true, path);
  }
  for (
    const path of [
      "404.htm",
      "410.html",
      "3xx.html",
      ".git/503.html",
      "a/b/503.html",
      "Shop/503.html",
      "index.html",
    ]
  ) {
    assert.equal(isErrorPage(path), false, path);
  }
});

Deno.test("the sum tells one text of the pages from another", () => {
  assert.notEqual(read({ "503.html": "a" }).sum, read({ "503.html": "b" }).sum);
  assert.equal(read({ "503.html": "a" }).sum, read({ "503.html": " a\n" }).sum);
});

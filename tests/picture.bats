#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# `explain --html` of real runs, in Chromium: the page says what the JSON of the same run does,
# and a person can use it. browse.py fails each test in which the page asks for anything or
# has an error.
#
# Bats sets output, stderr and status; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper

setup_file() {
  provide picture five lxml numpy pillow pyminizip
  setup
  cat >run.py <<'PY'
import os
import lxml.etree, lxml.objectify, numpy.random, pyminizip
from PIL import Image, ImageCms, ImageFont, _webp
if os.fork() == 0:
    import five
    os._exit(0)
os.wait()
PY
  "$built/pypy-isolate" explain --json report.json --html report.html pypy3 run.py
  # What a test reads: the process with most to be seen, which the page shows first.
  cat >common.py <<'PY'
report = json.load(open("report.json"))
def hijacked(process):
    return sum(each["hijacked"] for each in process["bindings"])
shown_first = max(report["processes"], key=hijacked)
by_id = {each["id"]: each for each in shown_first["objects"]}
arrows = [each for each in shown_first["bindings"] if each["hijacked"]]
plain = {each["plain"] for each in arrows}
assert len(arrows) > 5 and len(plain) > 3, arrows
PY
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return
  export PYTHONPATH=$cache/real/site-packages:$cache/five/site-packages PYTHONDONTWRITEBYTECODE=1
  unset LD_AUDIT LD_PRELOAD LD_BIND_NOW
}

# browse PAGE [WORD...]: with the steps on standard input
browse() {
  cat common.py - >"$BATS_TEST_TMPDIR/steps"
  run timeout -k 5 120 /usr/bin/python3 -I "$root/tests/fixture/browse.py" "$PWD/$1" "${@:2}" \
    <"$BATS_TEST_TMPDIR/steps"
  assert_output ''
  assert_equal "$status" 0
}

@test "picture: what can be counted in the page is what the JSON has" {
  browse report.html <<'PY'
unfold("#bindings")
unfold("#modules")
ids = []
for each in every(".object"):
    ids += (each.get_attribute("data-members") or each.get_attribute("data-id")).split()
assert sorted(map(int, ids)) == sorted(by_id), ids
lines = every("#lines .arrow")
assert sorted((int(each.get_attribute("data-from")), int(each.get_attribute("data-count")))
              for each in lines) == sorted((each["from"], each["hijacked"]) for each in arrows)
assert len(every("#bindings tbody tr")) == len(shown_first["bindings"])
assert len(every("#modules tbody tr")) == len(shown_first["modules"])
assert len(every(".room")) == len(shown_first["namespaces"]) - 1
total = f"{hijacked(shown_first):,} references"
assert total in one("#headline").text and "packages" in one("#headline").text, one("#headline").text
taken = {each.find_element(By.CSS_SELECTOR, ".name").text: int(each.find_element(
    By.CSS_SELECTOR, ".number").text) for each in every("#taken button")}
assert taken == {by_id[each]["soname"]: sum(
    one["hijacked"] for one in arrows if one["plain"] == each) for each in plain}, taken
facts = {each.get_attribute("data-fact"): each.find_element(By.TAG_NAME, "b").text
         for each in every("#facts li")}
assert facts["objects"] == str(len(by_id)), facts
assert facts["references"] == f"{sum(each['count'] for each in shown_first['bindings']):,}", facts
assert facts["modules isolated"] == str(sum(
    each["namespace"] > 0 for each in shown_first["modules"])), facts
PY
}

@test "picture: the arrows end at the interpreter's libraries without us, at the own ones with us" {
  browse report.html <<'PY'
def state():
    return [one(each).get_attribute("aria-pressed") for each in ("#without", "#with")]
def ends():
    return {(int(a), int(b), round(x), round(y), colour) for a, b, x, y, colour in js("""
        const at = document.querySelector("#picture").getBoundingClientRect();
        return [...document.querySelectorAll("#lines .arrow")].map(line => {
            const end = line.getPointAtLength(line.getTotalLength());
            return [line.dataset.from, line.dataset.target, end.x + at.left, end.y + at.top,
                getComputedStyle(line).stroke];
        })""")}
def lie_at(ends):
    for source, target, x, y, colour in ends:
        place = js("const r = document.querySelector(`[data-id='${arguments[0]}']`)"
                   ".getBoundingClientRect(); return [r.left, r.top, r.bottom]", target)
        assert abs(x - place[0]) < 3 and place[1] <= y <= place[2], (source, target, x, y, place)
    return {colour for *_, colour in ends}
assert state() == ["false", "true"]
with_us = ends()
own = lie_at(with_us)
assert {(a, b) for a, b, *_ in with_us} == {(each["from"], each["to"]) for each in arrows}
caption = one("#caption").text
click("#without")
time.sleep(0.6)
assert state() == ["true", "false"]
without = ends()
away = lie_at(without)
assert {(a, b) for a, b, *_ in without} == {(each["from"], each["plain"]) for each in arrows}
assert len(own) == len(away) == 1 and own != away, (own, away)
assert one("#said").get_attribute("textContent") == one("#caption").text != caption
assert not shown(".doors .object")
click("#with")
time.sleep(0.6)
assert ends() == with_us
PY
}

@test "picture: a chosen object has its bindings in the panel, and so has what is chosen there" {
  browse report.html <<'PY'
object_button("_five").click()
own = [each for each in shown_first["bindings"] if by_id[each["from"]]["name"].endswith("/five/"
       "_five.pypy39-pp73-x86_64-linux-gnu.so")]
items = {each.find_element(By.CSS_SELECTOR, ".link").get_attribute("title"): each
         for each in every("#details li") if each.find_elements(By.CSS_SELECTOR, ":scope > .number")}
for each in own:
    item = items[by_id[each["to"]]["name"]]
    assert item.find_element(By.CSS_SELECTOR, ".number").text == str(each["count"])
    if each["hijacked"]:
        assert f"{each['hijacked']} of them would have gone to {by_id[each['plain']]['soname']}" \
            in " ".join(item.text.split()), item.text
        text = item.find_element(By.CSS_SELECTOR, ".symbols").get_attribute("textContent")
        assert text.split() == each["symbols"], text
assert one("#details .path").text == by_id[own[0]["from"]]["name"]
assert object_button("_five").get_attribute("aria-pressed") == "true"
assert len(every("#lines .quiet")) == sum(1 for each in own if each["target"] in ("capi", "host"))
every("#details .hijacked .link")[0].click()
assert one("#panel-name").text.startswith("lib"), one("#panel-name").text
# What would be taken says from whom.
every("#taken button")[0].click()
most = max(plain, key=lambda each: sum(one["hijacked"] for one in arrows if one["plain"] == each))
assert one("#details .path").text == by_id[most]["name"], one("#details .path").text
assert [each.text for each in every("#details section:first-of-type li > .number")] == [
    f"{each['hijacked']:,}" for each in sorted(arrows, key=lambda each: -each["hijacked"])
    if each["plain"] == most]
assert object_button("_five").get_attribute("aria-pressed") == "false"
click("#close")
assert not shown("#close") and one("#legend").is_displayed()
PY
}

@test "picture: the filter leaves what it finds, and what that is bound to" {
  browse report.html <<'PY'
def names():
    return {each.find_element(By.CSS_SELECTOR, ".name").text for each in shown(".room .objects .object")}
def lines():
    return len(shown("#lines .arrow"))
everything = names()
one("#filter").send_keys("EXPAT")
expat = [each for each in arrows if "expat" in by_id[each["plain"]]["name"]
         or "expat" in by_id[each["from"]]["name"]]
assert lines() == len(expat) > 0, lines()
assert "_five" in names() and len(names()) == 2 < len(everything), names()
found = {each["id"] for each in by_id.values() if "expat" in each["name"]}
found |= {each["from"] for each in arrows if "expat" in " ".join(each["symbols"]).lower()}
assert one("#found").text == f"{len(found)} of {len(by_id)} objects", one("#found").text
assert len(every(".faint")) > 3
one("#filter").clear()
one("#filter").send_keys(arrows[0]["symbols"][0])
assert lines() == sum(arrows[0]["symbols"][0] in " ".join(each["symbols"]) for each in arrows) > 0
one("#filter").clear()
one("#filter").send_keys("no such thing", Keys.TAB)
assert not names() and not lines() and one("#found").text.startswith("0 of ")
one("#filter").clear()
one("#filter").send_keys(" ")
assert names() == everything and lines() == len(arrows) and one("#found").text == ""
PY
}

@test "picture: all of it can be done with the keyboard" {
  browse report.html <<'PY'
def until(test):
    for _ in range(40):
        at = press(Keys.TAB)
        assert js("return getComputedStyle(arguments[0]).outlineStyle", at) != "none", \
            at.get_attribute("outerHTML")
        if test(at):
            return at
    raise AssertionError("not reached")
assert "skip" in press(Keys.TAB).get_attribute("class")
until(lambda at: at.get_attribute("id") == "without")
assert press(Keys.SPACE).get_attribute("aria-pressed") == "true"
until(lambda at: at.get_attribute("id") == "with")
press(Keys.ENTER)
assert one("#with").get_attribute("aria-pressed") == "true"
until(lambda at: at.get_attribute("id") == "filter")
first = until(lambda at: "object" in at.get_attribute("class"))
second = press(Keys.ARROW_DOWN)
assert second != first and "object" in second.get_attribute("class")
assert press(Keys.ARROW_UP) == first and press(Keys.END) != first and press(Keys.HOME) == first
beside = press(Keys.ARROW_RIGHT)
assert js("return arguments[0].closest('.room') !== null", beside)
assert press(Keys.ENTER) == beside and beside.get_attribute("aria-pressed") == "true"
assert one("#panel-name").text and shown("#close")
assert one("#said").get_attribute("textContent").startswith(one("#panel-name").text)
press(Keys.ESCAPE)
assert beside.get_attribute("aria-pressed") == "false" and not shown("#close")
assert driver.switch_to.active_element == beside
nameless = [each.get_attribute("outerHTML") for each in every("button, input, select")
            if each.is_displayed() and not each.accessible_name]
assert not nameless, nameless
PY
}

@test "picture: it is drawn, in light and in dark, and red only without us" {
  browse report.html <<'PY'
for theme, paper, red in (("light", (0xf6, 0xf5, 0xf2), (0xc0, 0x25, 0x30)),
                          ("dark", (0x14, 0x17, 0x1b), (0xff, 0x84, 0x84))):
    show(theme=theme)
    click("#with")
    js("document.activeElement.blur()")
    image = picture()
    colours = len(image.getcolors(1 << 24))
    assert colours > 100, colours
    assert has_colour(image, paper) > 1000
    assert has_colour(image, red) == 0, has_colour(image, red)
    click("#without")
    js("document.activeElement.blur()")
    image = picture()
    assert has_colour(image, red) > 3000, has_colour(image, red)
    way = js("""const at = id => document.getElementById(id).getBoundingClientRect();
        return [at("hall").bottom - at("picture").top, at("rooms").top - at("picture").top]""")
    assert has_colour(image.crop((0, int(way[0]) + 3, image.width, int(way[1]))), red) > 500
PY
}

# readable PAGE: what a person would see at once is not there: names one over the other, lines
# through names, a page that has to be pushed sideways.
readable() {
  browse "$1" <<'PY'
def wrong():
    return js("""
        const place = element => element.getBoundingClientRect();
        const names = [...document.querySelectorAll("#picture .name, #picture .number, #picture h3, .where")]
            .filter(each => each.checkVisibility({ visibilityProperty: true })).map(each => [each, place(each)]);
        const wrong = names.length > 30 ? [] : ["too few names"];
        names.forEach(([a, r], i) => names.slice(i + 1).forEach(([b, s]) => {
            if (r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 2 && s.top < r.bottom - 2)
                wrong.push(`${a.textContent} over ${b.textContent}`);
        }));
        const at = place(document.querySelector("#picture"));
        for (const line of document.querySelectorAll("#lines .arrow"))
            for (let l = 0; l < line.getTotalLength(); l += 3) {
                const point = line.getPointAtLength(l), x = point.x + at.left, y = point.y + at.top;
                for (const [name, r] of names)
                    if (x > r.left && x < r.right && y > r.top && y < r.bottom)
                        wrong.push(`a line over ${name.textContent}`);
            }
        return wrong""")
for width in 1280, 400:
    show(width)
    for state in "#with", "#without":
        click(state)
        time.sleep(0.5)
        assert js("return document.documentElement.scrollWidth") <= width
        assert not wrong(), (width, state, wrong()[:9])
PY
}

@test "picture: no name is under another or under a line, 1280 and 400 pixels wide" {
  readable report.html
}

@test "picture: ... nor with 14 namespaces and 300 objects" {
  provide real
  "$built/pypy-isolate" explain --json many.json --html many.html pypy3 - <<'PY'
import importlib
for name in """five pyminizip numpy.random lxml.etree PIL._imaging PIL._imagingft PIL._webp
        av bcrypt brotli brotlicffi contourpy cramjam cryptography.hazmat.bindings._rust
        google_crc32c igraph isal.isal_zlib jq kiwisolver matplotlib.ft2font pikepdf
        pillow_heif Crypto.Cipher.AES pygit2 pyproj zmq rapidfuzz.fuzz rocksdict ssh uharfbuzz
        ujson zlib_ng.zlib_ng lz4.frame psutil yaml""".split():
    importlib.import_module(name)
PY
  run /usr/bin/python3 -c 'import json
process = json.load(open("many.json"))["processes"][0]
print(len(process["namespaces"]) - 1, len(process["objects"]) >= 300)'
  assert_output '14 True'
  [ "$(stat -c %s many.html)" -lt 1000000 ]
  readable many.html
}

@test "picture: the contrast of what is written is 4.5 at least, in light and in dark" {
  browse report.html <<'PY'
import re
def luminance(colour):
    parts = [float(each) / 255 for each in re.findall(r"[\d.]+", colour)[:3]]
    linear = [each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
object_button("_five").click()
for theme, state in (("light", "#with"), ("light", "#without"), ("dark", "#with"), ("dark", "#without")):
    show(theme=theme)
    click(state)
    time.sleep(0.5)
    seen = js("""
        const found = {};
        for (const each of document.querySelectorAll("#page *")) {
            const own = [...each.childNodes].some(n => n.nodeType === 3 && n.data.trim());
            if (!own || !each.checkVisibility({ visibilityProperty: true }))
                continue;
            let behind = each;
            while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
                behind = behind.parentElement;
            found[getComputedStyle(each).color + " on " + getComputedStyle(behind || document.body)
                .backgroundColor] = each.textContent;
        }
        return found""")
    assert len(seen) > 5, seen
    for pair, text in seen.items():
        a, b = sorted(luminance(each) for each in pair.split(" on "))
        assert (b + 0.05) / (a + 0.05) >= 4.5, (pair, text, (b + 0.05) / (a + 0.05))
PY
}

@test "picture: each process can be chosen" {
  browse report.html <<'PY'
options = every("#process option")
assert len(options) == len(report["processes"]) > 1
other = min(report["processes"], key=hijacked)
assert other is not shown_first
for index, process in enumerate(report["processes"]):
    js("arguments[0].selectedIndex = arguments[1];"
       "arguments[0].dispatchEvent(new Event('change'))", one("#process"), index)
    assert f"{hijacked(process):,} references of" in one("#headline").text
    assert len(every("#lines .arrow")) == sum(each["hijacked"] > 0 for each in process["bindings"])
PY
}

@test "picture: names that would be HTML are text" {
  local site=$BATS_TEST_TMPDIR/$'a\n\377<!--<'/'script><img src=x onerror=document.title=1>'/site-packages
  mkdir -p "$site"
  cp "$cache"/real/site-packages/pyminizip.*.so "$site/"
  PYTHONPATH=$site "$built/pypy-isolate" explain --json hostile.json --html hostile.html \
    pypy3 -c 'import pyminizip; "</script><img src=x onerror=document.title=1>"'
  run grep -c '<img' hostile.html
  assert_output 0
  browse hostile.html <<'PY'
report = json.load(open("hostile.json"))
name, = [each["name"] for each in report["processes"][0]["objects"] if "pyminizip" in each["name"]]
assert "/a??<!--<" in name and "/script><img src=x onerror=" in name, name
object_button("pyminizip").click()
assert one("#details .path").text == name, one("#details .path").text
unfold("#modules")
assert name in [each.get_attribute("textContent") for each in every("#modules tbody th")]
assert "<img src=x" in one("#command").text and not every("img")
assert driver.title.startswith("pypy3 -c import") and driver.title.endswith("explain"), driver.title
PY
}

@test "picture: it is one small file, and without JavaScript it says where to look" {
  [ "$(stat -c %s report.html)" -lt 1000000 ]
  # The name of SVG is none that anything is fetched from.
  run grep -oiE "https?://[^\"' ]*|src=|@import|url\([\"']?[^#]" report.html
  assert_output http://www.w3.org/2000/svg
  browse report.html noscript <<'PY'
assert "pypy-isolate explain" in one("noscript").text and not shown("#page")
PY
}

@test "picture: printed, it has the picture and its tables" {
  browse report.html without <<'PY'
import base64
js("addEventListener('afterprint', () => { window.was = 1 });"
   "addEventListener('beforeprint', () => { window.rows = document.querySelectorAll("
   "'#bindings .hijacked').length; window.zoom = document.querySelector('#picture').style.zoom })")
pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
assert pdf.startswith(b"%PDF") and len(pdf) > 30000, len(pdf)
assert js("return [window.was, window.rows]") == [1, len(arrows)]
assert 0.3 < float(js("return window.zoom")) <= 1
assert not one("#picture").get_attribute("style").count("zoom")
PY
}

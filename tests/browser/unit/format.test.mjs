// What text looks like (web/js/format.js), what a typed line means (commands.js), what is a file (filetag.js).
import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, COMMANDS, nameLike, roomLike, splitAt, understand } from "../../../web/js/commands.js";
import { fileOf } from "../../../web/js/filetag.js";
import { summary } from "../../../web/js/ui/row.js";
import { clock, initial, links, mentions, nameColour, plain, runs, safeUrl, size, words } from "../../../web/js/format.js";

test("formatting becomes runs, and loses no text", () => {
	assert.deepEqual(runs("a\x02b\x1dc\x0fd"), [
		{ text: "a" },
		{ bold: true, text: "b" },
		{ bold: true, italic: true, text: "c" },
		{ text: "d" },
	]);
	assert.deepEqual(
		runs("\x0304,12red\x03plain").map((r) => [r.text, r.fg, r.bg]),
		[
			["red", 4, 12],
			["plain", undefined, undefined],
		],
	);
	assert.deepEqual(
		runs("\x0312345").map((r) => [r.text, r.fg]),
		[["345", 12]],
	);
	assert.deepEqual(
		runs("\x033,x").map((r) => [r.text, r.fg]),
		[[",x", 3]],
	);
	assert.deepEqual(runs(""), []);
	for (const text of ["\x03", "\x02\x02x", "\x04ff0000hex", "\x0399x", "<script>"])
		assert.equal(
			runs(text)
				.map((r) => r.text)
				.join(""),
			plain(text),
		);
});

test("links are http, https and mailto, without the sentence around them", () => {
	const of = (t) =>
		links(t)
			.filter((p) => p.href)
			.map((p) => p.text);

	assert.deepEqual(of("see https://a.example/x. And (http://b.example/y_(z))!"), [
		"https://a.example/x",
		"http://b.example/y_(z)",
	]);
	assert.deepEqual(of("mailto:a@b.example, javascript:alert(1) data:text/html,x file:///etc/passwd ftp://x"), [
		"mailto:a@b.example",
	]);
	assert.deepEqual(of("https:// http://"), []);
	assert.deepEqual(of("https://x.example/\u202egpj.exe"), ["https://x.example/gpj.exe"]);
	assert.equal(
		links("a https://x.example b")
			.map((p) => p.text)
			.join(""),
		"a https://x.example b",
	);
	for (const bad of ["javascript:alert(1)", "JAVASCRIPT:x", " data:x", "vbscript:x", "//x", "x"])
		assert.equal(safeUrl(bad), null, bad);
});

test("an address that is all brackets is cut in one go", () => {
	const begun = performance.now();

	assert.equal(links("see http://a/(x)" + ")].".repeat(1 << 14))[1].text, "http://a/(x)");
	// for each bracket the whole of it would take many seconds
	assert.ok(performance.now() - begun < 1500);
});

test("who is named", () => {
	assert.ok(mentions("hi Bob!", "bob"));
	assert.ok(mentions("bob: hi", "Bob"));
	assert.ok(mentions("\x02bob\x02", "bob"));
	assert.ok(
		!mentions("bobby", "bob") &&
			!mentions("kabob", "bob") &&
			!mentions("bob-x", "bob") &&
			!mentions("", "bob") &&
			!mentions("x", ""),
	);
	assert.ok(mentions("[a]b^ is here", "[a]b^"));
	assert.ok(mentions("ça va, Éva?", "éva"));
	const parts = words("join #tea, bob and #12", (w) => w === "bob");

	assert.deepEqual(
		parts.filter((p) => p.room || p.name).map((p) => p.room ?? p.name),
		["#tea", "bob"],
	);
	assert.equal(parts.map((p) => p.text).join(""), "join #tea, bob and #12");
});

test("names' colours, circles, times, sizes", () => {
	assert.equal(nameColour("Alice"), nameColour("alice"));
	assert.ok(new Set(Array.from({ length: 200 }, (_, i) => nameColour("user" + i))).size > 20);
	assert.equal(initial("_éva"), "É");
	assert.equal(initial("[]"), "?");
	const at = new Date(2026, 0, 2, 0, 5).getTime();

	assert.equal(clock(at), "00:05");
	assert.equal(clock(at, true), "12:05 am");
	assert.equal(clock(at + 12 * 3600000, true), "12:05 pm");
	assert.deepEqual(
		[size(0), size(1023), size(1536), size(12 * 1024), size(5 << 20)],
		["0 B", "1023 B", "1.5 KiB", "12 KiB", "5.0 MiB"],
	);
});

test("who comes, goes, and goes by other names, in one line that stays short", () => {
	const come = (nick) => ({ kind: "join", nick });
	const gone = (nick) => ({ kind: "quit", nick });
	const named = (nick, to) => ({ kind: "nick", nick, text: `${nick} is now ${to}` });

	assert.equal(summary([come("a"), come("b"), gone("c")]), "a and b have entered the chat; c has left the chat.");
	assert.equal(summary([come("a"), gone("a"), come("a")]), "a has entered the chat.");
	assert.equal(summary([named("a", "b"), named("b", "c"), named("x", "y"), named("y", "x")]), "a is now c.");
	const many = Array.from({ length: 1000 }, (_, i) => named(`n${i}`, `m${i}`));

	assert.match(summary(many), /^n0 is now m0, .* and 995 others\.$/);
});

test("text@name: the last @ counts, and a name is never the room's", () => {
	assert.deepEqual(splitAt("hello@bob"), { text: "hello", to: "bob" });
	assert.deepEqual(splitAt("mail a@b.com@bob  "), { text: "mail a@b.com", to: "bob" });
	for (const text of ["5 @ noon", "me@example.com", "a@", "@ home", "x@12", "no at"])
		assert.deepEqual(splitAt(text), { text, to: "" }, text);
	assert.deepEqual(splitAt("a\\@bob"), { text: "a@bob", to: "" });
	assert.deepEqual(splitAt("image@#room"), { text: "image", to: "#room" });
	assert.ok(nameLike("_a-1") && nameLike("Éva") && !nameLike("1a") && !nameLike("a b") && !nameLike("a.b") && !nameLike(""));
	assert.ok(roomLike("#tea") && roomLike("#ü-ber") && !roomLike("#a b") && !roomLike("tea") && !roomLike("#"));
});

test("what a line means", () => {
	const did = (line) => {
		const u = understand(line);

		return u.do === "say"
			? ["say", u.text]
			: u.do === "msg"
				? ["msg", u.to, u.text]
				: u.do === "error"
					? ["error"]
					: [u.do, ...(u.args ?? [])];
	};

	assert.deepEqual(did("hello"), ["say", "hello"]);
	assert.deepEqual(did("//hello"), ["say", "/hello"]);
	assert.deepEqual(did("/ hello"), ["say", "/ hello"]);
	assert.deepEqual(did("/say a@bob"), ["say", "a@bob"]);
	assert.deepEqual(did("/msg bob two words"), ["msg", "bob", "two words"]);
	assert.deepEqual(did("/J #tea key"), ["join", "#tea", "key"]);
	assert.deepEqual(did("/nothing"), ["error"]);
	assert.deepEqual(did("/kick"), ["error"]);
	assert.deepEqual(did("hi@bob"), ["msg", "bob", "hi"]);
	assert.deepEqual(did("@bob"), ["error"]);
	assert.deepEqual(did("show@Server"), ["info"]);
	assert.deepEqual(did("QUIT@server"), ["quit"]);
	assert.deepEqual(did("hello@server"), ["error"]);
	assert.deepEqual(did("constructor@server"), ["error"]);
	assert.deepEqual(did("image@bob"), ["image", "bob"]);
	assert.deepEqual(did("file@#tea"), ["file", "#tea"]);
	assert.deepEqual(did("!INFO anything"), ["info"]);
	assert.deepEqual(did("!exit"), ["quit"]);
	assert.deepEqual(did("!wow"), ["say", "!wow"]);
	assert.deepEqual(did("   "), ["nothing"]);
	assert.deepEqual(did("a\nb@bob"), ["msg", "bob", "a\nb"]);
	const names = COMMANDS.flatMap((c) => [c.name, ...(c.alias ?? [])]);

	assert.equal(new Set(names).size, names.length);
});

test("completion of names, rooms and commands", () => {
	const have = { names: ["Bob", "bobby", "carol"], rooms: ["#tea", "#team"], last: ["bobby"] };

	assert.deepEqual(
		complete("bo", 2, have).items.map((i) => i.text),
		["bobby: ", "Bob: "],
	);
	assert.deepEqual(complete("hi @c", 5, have), { from: 3, items: [{ text: "carol ", label: "carol", hint: "" }] });
	assert.deepEqual(
		complete("in #te", 6, have).items.map((i) => i.label),
		["#tea", "#team"],
	);
	assert.deepEqual(
		complete("/jo", 3, have).items.map((i) => i.text),
		["/join "],
	);
	assert.deepEqual(complete("x /jo", 5, have).items, []);
	assert.deepEqual(complete("", 0, have).items, []);
});

test("files: by tag, by words, only of this server shown in place", () => {
	const here = "https://chat.example";
	const f = fileOf(
		{ "chatd.org/file": "name=a%20b.png&size=2048&type=image/png&w=4&h=3" },
		`shared the file a b.png (2 KiB) ${here}/files/x/a%20b.png?e=1&s=2`,
		here,
	);

	assert.deepEqual([f.name, f.size, f.image, f.w, f.thumb], ["a b.png", 2048, true, 4, ""]);
	// the server's links, by another name of it; its tag cannot be forged, that of others can
	const other = "shared the file x.png (3 KiB) http://127.0.0.1:8080/files/y/x.png?e=1&s=2";

	assert.equal(
		fileOf({ "chatd.org/file": "name=x.png&type=image/png&thumb=1" }, other, here).thumb,
		`${here}/files/y/x.png?e=1&s=2&t=1`,
	);
	assert.equal(fileOf({ "+chatd.org/file": "name=x.png&type=image/png&thumb=1" }, other, here), null);
	assert.ok(fileOf({ "chatd.org/file": "name=x.png&gone=1" }, "shared the file x.png (3 KiB) (file expired)", here).gone);
	assert.equal(fileOf({}, `shared the file x.pdf (3 KiB) ${here}/files/y/other.exe`, here), null, "anybody can say so");
	assert.equal(fileOf({}, "shared the file x.png (3 KiB) https://elsewhere.example/files/x.png", here), null);
	assert.equal(
		fileOf({ "chatd.org/file": "name=x.png&type=image/png&url=https://elsewhere.example/x.png" }, "", here).image,
		false,
	);
	assert.equal(fileOf({ "chatd.org/file": "name=x&url=javascript:alert(1)" }, "", here), null);
	assert.equal(fileOf({ "chatd.org/file": "name=x.svg&type=image/svg%2Bxml" }, `${here}/files/x.svg`, here).image, false);
	assert.equal(fileOf({}, "just text", here), null);
	assert.ok(fileOf({ "chatd.org/file": "name=x&gone=1" }, "", here).gone);
});

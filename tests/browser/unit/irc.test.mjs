// IRC lines and batches (web/js/irc.js), capabilities (web/js/caps.js).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Caps, saslPlain, WANTED } from "../../../web/js/caps.js";
import {
	Batches,
	bytes,
	ctcp,
	cut,
	escapeTag,
	fold,
	format,
	isupport,
	LINE_BYTES,
	lists,
	modes,
	parse,
	sayLines,
	unescapeTag,
} from "../../../web/js/irc.js";

test("lists are as long as a line lets them be", () => {
	assert.deepEqual(lists("JOIN", []), []);
	assert.deepEqual(lists("JOIN", ["#a", "#b", "#c"], 2), ["#a,#b", "#c"]);
	for (const size of [3, 10, 64, 65]) {
		const words = Array.from({ length: 200 }, (_, i) => `é${i}`.padEnd(size, "x"));
		const all = lists("MONITOR +", words);

		assert.equal(all.join(","), words.join(","));
		assert.ok(all.every((l) => bytes(format("MONITOR", ["+", l])) <= LINE_BYTES));
		assert.ok(all.slice(1).every((l, i) => bytes(`MONITOR + ${all[i]},${l.split(",")[0]}`) > LINE_BYTES));
	}
});

test("a line is taken apart", () => {
	const m = parse(
		"@time=2026-01-02T03:04:05.678Z;msgid=abc;+x=a\\:b\\sc\\\\;flag :al!u@h.example privmsg #r :hi  there :)\r\n",
	);

	assert.equal(m.command, "PRIVMSG");
	assert.deepEqual([m.nick, m.user, m.host], ["al", "u", "h.example"]);
	assert.deepEqual(m.params, ["#r", "hi  there :)"]);
	assert.deepEqual(m.tags, { time: "2026-01-02T03:04:05.678Z", msgid: "abc", "+x": "a;b c\\", flag: "" });
	assert.deepEqual(parse("PING").params, []);
	assert.deepEqual(parse(":srv 001 n :").params, ["n", ""]);
	assert.deepEqual(parse("A  b   c :d").params, ["b", "c", "d"]);
	assert.equal(parse(":srv.example 372 n :x").nick, "srv.example");
	for (const none of ["", "@a", ":x", "@a=b ", " ", "\r\n"])
		assert.equal(parse(none), null, JSON.stringify(none));
});

test("nothing of a line reaches what objects are made of", () => {
	const m = parse("@__proto__=x;constructor=y :a PRIVMSG b :c");

	assert.equal(Object.getPrototypeOf(m.tags), Object.prototype);
	assert.equal({}.x, undefined);
});

test("a line is put together, and cannot be made two", () => {
	assert.equal(format("PRIVMSG", ["#r", "hello there"]), "PRIVMSG #r :hello there");
	assert.equal(format("PRIVMSG", ["#r", "hello"]), "PRIVMSG #r hello");
	assert.equal(format("PRIVMSG", ["#r", ":)"]), "PRIVMSG #r ::)");
	assert.equal(format("TOPIC", ["#r", ""]), "TOPIC #r :");
	assert.equal(format("X", [], { a: "b c;d", "+e": "" }), "@a=b\\sc\\:d;+e X");
	assert.equal(format("PRIVMSG", ["#r", "a\r\nQUIT\0"]), "PRIVMSG #r :a  QUIT ");
	assert.ok(!format("A", ["b"], { t: "x\r\ny z" }).includes("\n"));
});

test("tags' values survive", () => {
	for (const v of ["", "plain", "a b", "a;b", "\\", "\\s", "\r\n", "é;ü \\"])
		assert.equal(unescapeTag(escapeTag(v)), v);
	assert.equal(unescapeTag("a\\bc\\"), "abc");
});

test("texts are cut between characters", () => {
	for (const text of ["", "x", "ä".repeat(700), "word ".repeat(200), "😀".repeat(300), "n".repeat(1000)]) {
		const pieces = cut(text, 300);

		assert.equal(pieces.join(""), text);
		pieces.forEach((p) => assert.ok(bytes(p) <= 300 && !p.includes("\ufffd")));
	}
});

test("a message of one line, of several, and a long one", () => {
	assert.deepEqual(sayLines("#r", "hi", { tags: { a: "1" } }), ["@a=1 PRIVMSG #r hi"]);
	assert.deepEqual(sayLines("#r", "a\n\nb", { batch: "x", tags: { "+k": "v" } }), [
		"@+k=v BATCH +x draft/multiline #r",
		"@batch=x PRIVMSG #r a",
		"@batch=x PRIVMSG #r :",
		"@batch=x PRIVMSG #r b",
		"BATCH -x",
	]);
	assert.deepEqual(sayLines("#r", "a\n\nb", { multi: false, tags: { k: "v" } }), ["PRIVMSG #r a", "@k=v PRIVMSG #r b"]);
	const long = sayLines("#r", "w".repeat(900), { batch: "x" });

	assert.equal(long.length, 2 + 3);
	assert.ok(long[2].startsWith("@batch=x;draft/multiline-concat PRIVMSG"));
	long.forEach((l) => assert.ok(bytes(l.replace(/^@\S+ /, "")) <= LINE_BYTES));
});

test("batches come whole, those within others too", () => {
	const b = new Batches();
	const take = (...lines) => lines.map((l) => b.take(parse(l))).filter(Boolean);
	const [plain] = take("PRIVMSG #r :x");

	assert.equal(plain.params[1], "x");
	const [history] = take(
		":s BATCH +h chathistory #r",
		"@batch=h;msgid=1 :a PRIVMSG #r :one",
		"@batch=h;msgid=2;time=t :b!u@h BATCH +m draft/multiline #r",
		"@batch=m :b!u@h PRIVMSG #r :l1",
		"@batch=m :b!u@h PRIVMSG #r :l2",
		"@batch=m;draft/multiline-concat :b!u@h PRIVMSG #r : and more",
		":b!u@h BATCH -m",
		":s BATCH -h",
	);

	assert.equal(history.batch, "chathistory");
	assert.deepEqual(history.params, ["#r"]);
	assert.deepEqual(
		history.messages.map((m) => [m.nick, m.params[1], m.tags.msgid]),
		[
			["a", "one", "1"],
			["b", "l1\nl2 and more", "2"],
		],
	);
	const [labelled] = take(
		"@label=7 BATCH +l labeled-response",
		"@batch=l :s 311 me you u h * :r",
		"@batch=l :s 318 me you :End",
		"BATCH -l",
	);

	assert.equal(labelled.tags.label, "7");
	assert.equal(labelled.messages.length, 2);
	assert.deepEqual(take("BATCH -never"), []);
	assert.deepEqual(take("BATCH +e draft/multiline #r", "BATCH -e"), []);
	assert.equal(take("@batch=unknown PRIVMSG #r :stray").length, 1);
});

test("CTCP, ISUPPORT, modes, names", () => {
	assert.deepEqual(ctcp("\x01ACTION waves\x01"), { word: "ACTION", text: "waves" });
	assert.deepEqual(ctcp("\x01version\x01"), { word: "VERSION", text: "" });
	assert.equal(ctcp("ACTION"), null);
	const have = isupport({ OLD: "1" }, ["me", "NETWORK=My\\x20Net", "SAFELIST", "-OLD", "are supported"]);

	assert.deepEqual(have, { NETWORK: "My Net", SAFELIST: "" });
	assert.deepEqual(modes("+ov-b+kl-l", ["a", "b", "m!*@*", "key", "5"], { chanmodes: "Ibe,k,l,imnst", prefix: "(ohv)@%+" }), [
		{ on: true, mode: "o", param: "a" },
		{ on: true, mode: "v", param: "b" },
		{ on: false, mode: "b", param: "m!*@*" },
		{ on: true, mode: "k", param: "key" },
		{ on: true, mode: "l", param: "5" },
		{ on: false, mode: "l", param: "" },
	]);
	assert.equal(fold("ÉVA[x]"), "Éva[x]");
});

test("capabilities: a list in two lines, what is asked for, what changes", () => {
	const c = new Caps();

	assert.deepEqual(c.take(parse(":s CAP * LS * :batch sasl=PLAIN,EXTERNAL")), { ask: [], listed: false, settled: false });
	const { ask, listed } = c.take(parse(":s CAP * LS :draft/multiline=max-bytes=400,max-lines=9 unknown/cap server-time"));

	assert.ok(listed);
	assert.deepEqual(ask.sort(), ["batch", "draft/multiline", "sasl", "server-time"]);
	assert.ok(ask.every((a) => WANTED.includes(a)));
	c.take(parse(":s CAP me ACK :batch draft/multiline"));
	assert.ok(c.has("batch") && !c.has("sasl"));
	assert.deepEqual(c.value("draft/multiline"), { "max-bytes": "400", "max-lines": "9" });
	assert.deepEqual(
		c.take(parse(":s CAP me NEW :setname")).ask,
		["sasl", "server-time", "setname"]
			.filter((n) => WANTED.includes(n))
			.sort((a, b) => WANTED.indexOf(a) - WANTED.indexOf(b)),
	);
	c.take(parse(":s CAP me DEL :batch"));
	assert.ok(!c.has("batch"));
});

test("SASL PLAIN in pieces of 400", () => {
	const [one] = saslPlain("al", "päss");

	assert.equal(Buffer.from(one.split(" ")[1], "base64").toString(), "al\0al\0päss");
	const lines = saslPlain("a", "x".repeat(600));

	assert.equal(lines[0].length, 12 + 1 + 400);
	const exact = saslPlain("a", "x".repeat(296));

	assert.deepEqual([exact.length, exact[1]], [2, "AUTHENTICATE +"]);
});

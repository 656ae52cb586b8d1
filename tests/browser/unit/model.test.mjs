// What the page knows (web/js/model.js), and what it does with the connection (session.js).
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, parse } from "../../../web/js/irc.js";
import { Model } from "../../../web/js/model.js";
import { again, echo, inRoom, line, session, settled, stamp, texts } from "./fake.mjs";

function model() {
	const m = new Model({ now: () => 1_000_000_000_000 });
	const told = [];

	m.on((what, room, detail) => told.push({ what, room, detail }));
	m.me.nick = "me";
	const say = (...lines) => lines.forEach((l) => m.take(parse(l)));

	say(`@time=${stamp(0)} :me!u@h JOIN #r * :me`, ":s 353 me = #r :@me +bob carol", ":s 366 me #r :End");
	return {
		m,
		say,
		told,
		room: m.room("#r"),
		texts: () =>
			m
				.room("#r")
				.messages.filter((x) => x.kind === "text")
				.map((x) => x.text),
	};
}

test("who is where, and what they are", () => {
	const { m, say, room } = model();

	assert.deepEqual(
		m.sorted(room).map((u) => [u.nick, u.rank]),
		[
			["me", 3],
			["bob", 1],
			["carol", 0],
		],
	);
	say(
		":dave!u@h JOIN #r dave :Dave",
		":bob!u@h PART #r :bye",
		":carol!u@h NICK caro",
		":dave!u@h AWAY :lunch",
		":me!u@h MODE #r +h-o caro me",
	);
	assert.deepEqual(
		m.sorted(room).map((u) => [u.nick, u.rank]),
		[
			["caro", 2],
			["dave", 0],
			["me", 0],
		],
	);
	assert.equal(m.user("dave").away, true);
	assert.equal(m.user("dave").account, "dave");
	say(":dave!u@h QUIT :gone", ":s 332 me #r :tea", ":x!u@h TOPIC #r :coffee", ":s 324 me #r +ntk key");
	assert.equal(room.members.size, 2);
	assert.equal(room.topic, "coffee");
	assert.equal(room.modes.get("k"), "key");
	say(":caro!u@h KICK #r me :out");
	assert.deepEqual([room.joined, room.wanted, room.members.size], [false, false, 0]);
});

test("who loses a rank has the next one, and only who may sets the topic", () => {
	const { m, say, room } = model();
	const rank = (nick) => m.rank(room, nick);

	say(":me!u@h MODE #r +oh bob bob", ":me!u@h MODE #r -o bob");
	assert.equal(rank("bob"), 2);
	say(":me!u@h MODE #r -h bob");
	assert.equal(rank("bob"), 1);
	assert.equal(m.mayTopic(room), true, "an operator");
	say(":me!u@h MODE #r -o me");
	assert.equal(m.mayTopic(room), false, "nobody knows the modes yet");
	say(":s 324 me #r +n");
	assert.equal(m.mayTopic(room), true);
	say(":me!u@h MODE #r +t");
	assert.equal(m.mayTopic(room), false);
});

test("messages, mentions, what is unread and what is read", () => {
	const { m, say, room, told } = model();

	say(line(1, "bob", "hello"), line(2, "bob", "me: hi"), line(3, "me", "yes"), ":bob!u@h PRIVMSG me :psst");
	// what one has written oneself one has read until then
	assert.deepEqual([room.unread, room.mentions], [0, 0]);
	say(line(4, "bob", "more"), line(5, "bob", "hey me!"));
	assert.deepEqual([room.unread, room.mentions], [2, 1]);
	assert.deepEqual(m.totals(), { unread: 3, mentions: 2 });
	assert.equal(told.filter((t) => t.what === "notify").length, 3);
	m.look(room, false);
	assert.equal(room.unread, 2);
	assert.ok(room.line > 0 && room.line < room.messages.at(-1).at);
	assert.equal(m.look(room, true), room);
	assert.deepEqual([room.unread, room.mentions], [0, 0]);
	say(line(6, "bob", "seen"));
	assert.equal(room.unread, 0);
	assert.equal(told.at(-1).what, "read");
	m.look(null, false);
	say(line(7, "bob", "not seen"), ":s MARKREAD #r timestamp=" + stamp(7));
	assert.equal(room.unread, 0);
});

test("edits, deletions, reactions, typing", () => {
	const { m, say, room, texts } = model();

	say(line(1, "bob", "teh tea"), `@msgid=e1;+draft/edit=m1;+draft/reply=m1 :bob!u@h PRIVMSG #r :[edited] the tea`);
	assert.deepEqual(texts(), ["the tea"]);
	assert.ok(room.messages.at(-1).edited);
	say(":bob!u@h NICK bobby", `@msgid=e2;+draft/edit=m1;+draft/reply=m1 :bobby!u@h PRIVMSG #r :[edited] the best tea`);
	assert.deepEqual(texts(), ["the best tea"], "theirs, also by another name");
	say(
		"@+draft/react=👍;+draft/reply=m1 :carol!u@h TAGMSG #r",
		"@+draft/react=👍;+draft/reply=m1 :me!u@h TAGMSG #r",
		"@+draft/unreact=👍;+draft/reply=m1 :carol!u@h TAGMSG #r",
	);
	assert.deepEqual([...room.byId.get("m1").reactions.get("👍")], ["me"]);
	say("@+typing=active :carol!u@h TAGMSG #r");
	assert.ok(room.typing.has("carol"));
	say(line(2, "carol", "done"));
	assert.ok(!room.typing.has("carol"));
	say(":bob!u@h REDACT #r m1 :oops", ":bob!u@h REDACT #r never");
	assert.ok(room.byId.get("m1").deleted && room.byId.get("m1").text === "");
	assert.equal(m.rooms.size, 1);
});

test("what only looks like an edit is a message", () => {
	const { say, room, texts } = model();

	say(line(1, "bob", "I agree"), ":bob!u@h QUIT :bye", ":bob!x@evil JOIN #r * :other");
	// so does the server pass on what somebody says: a text with +draft/edit never, a CTCP with all its tags
	say(
		`@msgid=e1;+draft/reply=m1 :bob!x@evil PRIVMSG #r :[edited] I refuse`,
		`@msgid=e2;+draft/edit=m1 :bob!x@evil PRIVMSG #r :\x01ACTION refuses\x01`,
		`@msgid=e3;+draft/edit=m1 :bob!x@evil PRIVMSG #r :\x01PING [edited] no\x01`,
		`@msgid=e4;+draft/edit=m1 :bob!x@evil NOTICE #r :[edited] never`,
	);
	assert.deepEqual(texts(), ["I agree", "[edited] I refuse"]);
	assert.ok(!room.byId.get("m1").edited);
	assert.equal(room.messages.at(-2).kind, "action");
	// of a message that is not here
	say(`@msgid=e5;+draft/edit=m0;+draft/reply=m0 :carol!u@h PRIVMSG #r :[edited] in other words`);
	assert.equal(texts().at(-1), "in other words");
});

test("no more reactions than somebody can look at", () => {
	const { say, room } = model();

	say(line(1, "bob", "one"));
	for (let i = 0; i < 100; i++)
		say(`@+draft/react=r${i};+draft/reply=m1 :bob!u@h TAGMSG #r`);
	assert.equal(room.byId.get("m1").reactions.size, 40);
	say(`@+draft/react=r1;+draft/reply=m1 :carol!u@h TAGMSG #r`, `@+draft/unreact=r0;+draft/reply=m1 :bob!u@h TAGMSG #r`);
	assert.equal(room.byId.get("m1").reactions.get("r1").size, 2);
	assert.equal(room.byId.get("m1").reactions.size, 39);
});

test("history: before, behind, twice; nothing is doubled or out of order", () => {
	const { m, say, room, texts } = model();
	const page = (...ns) => ns.map((n) => parse(line(n, "bob", "t" + n)));

	say(line(20, "bob", "t20"));
	assert.equal(m.history(room, page(10, 11), "before"), 2);
	assert.equal(m.history(room, page(8, 9, 10), "before"), 2);
	assert.deepEqual(texts(), ["t8", "t9", "t10", "t11", "t20"]);
	// lost behind 20; 23 has come live already when what was missed arrives
	const anchor = room.last();

	say(line(23, "bob", "t23"));
	assert.equal(m.history(room, page(21, 22, 23), "after", anchor), 2);
	assert.deepEqual(texts(), ["t8", "t9", "t10", "t11", "t20", "t21", "t22", "t23"]);
	assert.equal(m.history(room, page(22, 23), "latest"), 0);
	say(line(23, "bob", "t23"));
	assert.equal(texts().length, 8);
	// what has been edited or taken back meanwhile
	const now = page(20, 21, 23);

	now[1].params[1] = "t21 edited";
	m.history(room, now, "latest");
	m.reconcile(room, now);
	assert.equal(room.byId.get("m21").text, "t21 edited");
	assert.ok(room.byId.get("m22").deleted && !room.byId.get("m11").deleted);
});

test("only what history has had, and has no more, has been taken back", () => {
	const { m, say, room } = model();
	const all = [1, 2, 3, 4, 5, 6].map((n) => line(n, "bob", "t" + n, n === 3 ? "@#r" : "#r"));
	const gone = () => room.messages.filter((x) => x.deleted).map((x) => x.msgid);
	const now = (...ns) => {
		const list = ns.map((n) => parse(all[n - 1]));

		m.history(room, list, "latest");
		m.reconcile(room, list);
	};

	// 3 is for operators; 4 was said while no history was kept
	m.history(room, [1, 2, 3].map((n) => parse(all[n - 1])), "latest");
	say(...all);
	now(1, 2, 5);
	assert.deepEqual(gone(), []);
	now(1, 5);
	assert.deepEqual(gone(), ["m2"]);
	// what is newer than the page, or older, is not looked for
	now(1);
	now(5, 6);
	now();
	assert.deepEqual(gone(), ["m2"]);
});

test("the link of a file is another one each time, and no edit", () => {
	const { m, room } = model();
	const file = (e) =>
		parse(
			`@time=${stamp(1)};msgid=m1;chatd.org/file=name=a.png&size=9&type=image/png :bob!u@h PRIVMSG #r :shared the file a.png (9 bytes) http://h/files/x/a.png?e=${e}&s=1`,
		);

	m.history(room, [file(1)], "latest");
	m.history(room, [file(2)], "latest");
	const got = room.byId.get("m1");

	assert.equal(new URL(got.file.url).searchParams.get("e"), "2");
	assert.equal(got.edited, false);
});

test("a thousand pages stay in order, whatever their times", () => {
	const { m, room } = model();
	const all = Array.from({ length: 3000 }, (_, i) =>
		parse(`@time=${stamp(Math.floor(i / 7))};msgid=x${i} :bob!u@h PRIVMSG #r :${i}`),
	);

	for (let i = 3000; i > 0; i -= 100)
		m.history(room, all.slice(i - 100, i), "before");
	assert.deepEqual(
		room.messages.filter((x) => x.kind === "text").map((x) => Number(x.text)),
		Array.from({ length: 3000 }, (_, i) => i),
	);
});

// --- the session

test("what is said is sending, then delivered, once and where the others see it", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "one")]);

	assert.deepEqual(texts(room), ["one"]);
	s.say(room, "two");
	assert.deepEqual(texts(room), ["one", "two?"]);
	f.say(line(2, "bob", "first"));
	assert.deepEqual(texts(room), ["one", "first", "two?"]);
	echo(f, f.expect("PRIVMSG"), 3);
	await settled();
	assert.deepEqual(texts(room), ["one", "first", "two"]);
	assert.equal(room.messages.at(-1).state, "delivered");
	s.say(room, "three");
	f.say(`@label=${f.expect("PRIVMSG").tags.label} :s 404 me #r :Cannot send to channel`);
	await settled();
	assert.deepEqual(texts(room).at(-1), "three!");
	assert.match(room.messages.findLast((m) => m.kind === "text").why, /Cannot send/);
	for (const what of ["PRIVMSG", "*"]) {
		s.say(room, "too much");
		f.say(`@label=${f.expect("PRIVMSG").tags.label} :s 263 me ${what} :wait a moment`);
		await settled();
		assert.equal(texts(room).filter((text) => text === "too much!").length, what === "*" ? 2 : 1);
		assert.equal(room.messages.findLast((m) => m.kind === "text").why, "wait a moment");
	}
	s.say(room, "l1\nl2", { reply: "m1" });
	const start = f.expect("BATCH");

	assert.equal(start.tags["+draft/reply"], "m1");
	f.say(
		`@label=${start.tags.label};msgid=m9;time=${stamp(9)};+chatd.org/id=${start.tags["+chatd.org/id"]} :me!u@h BATCH +q draft/multiline #r`,
		"@batch=q :me!u@h PRIVMSG #r :l1",
		"@batch=q :me!u@h PRIVMSG #r :l2",
		":me!u@h BATCH -q",
	);
	await settled();
	assert.equal(texts(room).at(-1), "l1\nl2");
	assert.equal(room.messages.filter((m) => m.text === "l1\nl2").length, 1);
});

test("a loss: what was missed comes, nothing twice; what had arrived is not said again, what had not is", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "one")]);

	s.say(room, "arrived");
	const arrived = f.expect("PRIVMSG").tags["+chatd.org/id"];

	s.say(room, "lost");
	f.expect("PRIVMSG");
	f.cut();
	s.say(room, "said meanwhile");
	await settled();
	f.pass(1000);
	f.sent.length = 0;
	f.welcome("me");
	await settled();
	f.say(line(6, "bob", "live, before the answer"));
	await inRoom(f, s, null);
	const ask = f.expect("CHATHISTORY");

	assert.deepEqual(ask.params.slice(0, 3), ["AFTER", "#r", "msgid=m1"]);
	f.say(line(7, "bob", "live too"));
	f.batch(ask, "chathistory #r", [
		`@time=${stamp(2)};msgid=m2;+chatd.org/id=${arrived} :me!u@h PRIVMSG #r :arrived`,
		line(3, "bob", "missed 1"),
		line(4, "bob", "missed 2"),
		line(6, "bob", "live, before the answer"),
		line(7, "bob", "live too"),
	]);
	await settled();
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", [line(1, "bob", "one"), line(7, "bob", "live too")].slice(1));
	await settled();
	assert.deepEqual(texts(room).slice(0, 6), ["one", "arrived", "missed 1", "missed 2", "live, before the answer", "live too"]);
	assert.deepEqual(
		f.sent.filter((m) => m.command === "PRIVMSG").map((m) => m.params[1]),
		["lost", "said meanwhile"],
	);
	for (const [i, m] of f.sent.filter((x) => x.command === "PRIVMSG").entries())
		echo(f, m, 10 + i);
	await settled();
	assert.deepEqual(texts(room), [
		"one",
		"arrived",
		"missed 1",
		"missed 2",
		"live, before the answer",
		"live too",
		"lost",
		"said meanwhile",
	]);
});

test("a long loss is fetched page by page", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "t1")]);

	await again(f, s);
	const page = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i, "bob", "t" + (from + i)));

	f.batch(f.expect("CHATHISTORY"), "chathistory #r", page(2, 101));
	await settled();
	const next = f.expect("CHATHISTORY");

	assert.equal(next.params[2], "msgid=m101");
	f.batch(next, "chathistory #r", page(102, 150));
	await settled();
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", page(51, 150));
	await settled();
	assert.deepEqual(
		texts(room),
		Array.from({ length: 150 }, (_, i) => "t" + (i + 1)),
	);
});

test("so much was missed that only the newest is fetched: what was said meanwhile goes out all the same", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "t1")]);

	f.cut();
	s.say(room, "said meanwhile");
	f.pass(1000);
	f.sent.length = 0;
	f.welcome("me");
	await settled();
	await inRoom(f, s, null);
	const page = (from, n) => Array.from({ length: n }, (_, i) => line(from + i, "bob", "t" + (from + i)));

	for (let n = 2; f.sent.some((m) => m.params[0] === "AFTER"); n += 100) {
		f.batch(f.expect("CHATHISTORY"), "chathistory #r", page(n, 100));
		await settled();
	}
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", page(9001, 100));
	await settled();
	assert.equal(f.expect("PRIVMSG").params[1], "said meanwhile");
	assert.deepEqual(texts(room), [...Array.from({ length: 100 }, (_, i) => "t" + (9001 + i)), "said meanwhile?"]);
});

test("a room that lets nobody in again: what waited for it has not been sent, and it is not tried for ever", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "one")]);

	f.cut();
	s.say(room, "said meanwhile");
	f.pass(1000);
	f.welcome("me");
	await settled();
	f.expect("JOIN");
	f.say(":s 474 me #r :you are banned from the room #r");
	assert.equal(room.wanted, false);
	assert.deepEqual(texts(room), ["one", "said meanwhile!"]);
	assert.equal(room.messages.at(-1).text, "you are banned from the room #r");
});

test("who has logged out does not log in again after a loss", async () => {
	const { f, s } = await session();

	s.who.password = "secret";
	f.say(":s 901 me me!u@h :You are now logged out");
	f.cut();
	f.pass(1000);
	f.welcome("me");
	assert.ok(!f.all.some((m) => m.command === "AUTHENTICATE"));
});

test("back in many rooms and talks, no line is too long", async () => {
	const { f, s } = await session({ rooms: [] });
	const rooms = Array.from({ length: 9 }, (_, i) => "#" + String(i).padEnd(63, "x"));
	const people = Array.from({ length: 80 }, (_, i) => `person${i}`);

	for (const r of rooms)
		f.say(`:me!u@h JOIN ${r} * :me`);
	for (const p of people)
		f.say(`:${p}!u@h PRIVMSG me :hi`);
	f.cut();
	f.pass(1000);
	f.sent.length = 0;
	f.welcome("me");
	await settled();
	assert.ok(f.sent.every((m) => bytes(m.line.replace(/^@\S+ /, "")) <= 510));
	assert.deepEqual(
		f.sent.filter((m) => m.command === "JOIN").flatMap((m) => m.params[0].split(",")),
		rooms,
	);
	assert.deepEqual(
		f.sent.filter((m) => m.command === "MONITOR").flatMap((m) => m.params[1].split(",")),
		people,
	);
});

test("a topic that is too long is not sent", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "one")]);

	assert.match(s.topic(room, "é".repeat(196)), /at most 390 bytes; this one has 392/);
	assert.equal(s.topic(room, " é".repeat(130).slice(1)), "");
	assert.equal(bytes(f.expect("TOPIC").params[1]), 389);
});

test("without history nobody can say whether something arrived: it is not said twice", async () => {
	const { f, s } = await session();

	f.say(":bob!u@h PRIVMSG me :hi");
	const room = s.model.room("bob");

	s.say(room, "answer");
	f.cut();
	f.pass(1000);
	f.welcome("me");
	await settled();
	const asks = f.sent.filter((m) => m.command === "CHATHISTORY" && m.params[1] === "bob");

	asks.forEach((m) =>
		f.say(`@label=${m.tags.label} :s FAIL CHATHISTORY INVALID_TARGET LATEST bob :Messages could not be retrieved`),
	);
	await settled();
	assert.deepEqual(texts(room), ["hi", "answer!"]);
});

test("older pages, and the beginning", async () => {
	const { f, s } = await session();
	const full = Array.from({ length: 100 }, (_, i) => line(101 + i, "bob", "t" + (101 + i)));
	const room = await inRoom(f, s, full, 500);

	assert.ok(room.more);
	const older = s.history.older(room);

	assert.equal(s.history.older(room) instanceof Promise && room.loading, true);
	const ask = f.expect("CHATHISTORY");

	assert.deepEqual(ask.params, ["BEFORE", "#r", "msgid=m101", "100"]);
	f.batch(ask, "chathistory #r", [line(100, "bob", "t100")]);
	assert.equal(await older, true);
	assert.deepEqual([room.more, texts(room)[0], texts(room).length], [false, "t100", 101]);
	assert.equal(await s.history.older(room), false);
});

test("reading is told to the server, not too often", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "one")]);

	s.look(room, true);
	f.say(line(2, "bob", "two"), line(3, "bob", "three"));
	f.pass(1000);
	const marks = f.sent.filter((m) => m.command === "MARKREAD");

	assert.deepEqual(
		marks.map((m) => m.params),
		[["#r", `timestamp=${stamp(3)}`]],
	);
});

test("a mark that the server does not keep is no news", async () => {
	const { f, s } = await session();

	f.say(":bob!u@h PRIVMSG me :hi", ":s FAIL MARKREAD INTERNAL_ERROR bob :The read timestamp could not be set or read");
	assert.deepEqual(
		s.model.room("bob").messages.map((m) => m.text),
		["hi"],
	);
});

test("search", async () => {
	const { f, s } = await session();

	await inRoom(f, s, []);
	const found = s.history.search("tea; cake", { place: "#r" });
	const ask = f.expect("SEARCH");

	assert.equal(ask.params[0], "text=tea\\:\\scake;in=#r;limit=100");
	f.batch(ask, "soju.im/search", [line(1, "bob", "tea; cake"), ":s NOTE SEARCH MESSAGES_MISSING :Not all of it"]);
	assert.deepEqual(
		(await found).map((m) => [m.place, m.nick, m.text]),
		[["#r", "bob", "tea; cake"]],
	);
	assert.equal((await found).lacks, "Not all of it");
});

test("a search that the server does not take has not found nothing", async () => {
	const { f, s } = await session();

	await inRoom(f, s, []);
	const long = s.history.search("word ".repeat(200));

	f.say(`@label=${f.expect("SEARCH").tags.label} :s 417 me :Input line was too long`);
	assert.match(await long, /too many words/);
	const lost = s.history.search("tea");

	f.cut();
	assert.match(await lost, /connection was lost/);
});

test("what nobody has answered before a loss is neither yes nor no", async () => {
	const { f, s } = await session();

	for (const ask of [() => s.register({ password: "x" }), () => s.register({ password: "x", invite: "w" }), () => s.services("LOGOUT")]) {
		const words = ask();

		f.cut();
		assert.match(await words, /connection was lost/);
		f.pass(3000);
		f.welcome("me");
		await settled();
	}
});

test("a room that one goes into is the one that it is, however it was written", async () => {
	const { f, s } = await session();

	for (const [asked, is] of [
		["#KITCHEN", "#Kitchen"],
		["#KÜCHE", "#Küche"],
	]) {
		f.sent.length = 0;
		const coming = s.join(asked);

		f.say(`@label=${f.expect("JOIN").tags.label} :me!u@h JOIN ${is} * :me`);
		assert.equal((await coming)?.name, is);
	}
	const refused = s.join("#closed");

	f.say(`@label=${f.expect("JOIN").tags.label} :s 473 me #closed :Cannot join channel (+i)`);
	assert.equal(await refused, null);
});

test("lost again while what was missed is being fetched: nothing is left out", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "t1")]);
	const back = async () => {
		f.cut();
		f.pass(3000);
		f.sent.length = 0;
		f.welcome("me");
		await settled();
		await inRoom(f, s, null);
	};

	await back();
	f.say(line(300, "bob", "t300"));
	f.batch(
		f.expect("CHATHISTORY"),
		"chathistory #r",
		Array.from({ length: 100 }, (_, i) => line(2 + i, "bob", "t" + (2 + i))),
	);
	await settled();
	await back();
	const ask = f.expect("CHATHISTORY");

	assert.equal(ask.params[2], "msgid=m101");
	f.batch(ask, "chathistory #r", [line(102, "bob", "t102"), line(300, "bob", "t300"), line(301, "bob", "t301")]);
	await settled();
	assert.deepEqual(texts(room).slice(99), ["t100", "t101", "t102", "t300", "t301"]);
});

test("history that cannot be had just now is asked for again", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, null);

	for (let i = 0; i < 2; i++) {
		f.say(
			`@label=${f.expect("CHATHISTORY").tags.label} :s FAIL CHATHISTORY MESSAGE_ERROR LATEST #r :Messages could not be retrieved`,
		);
		await settled();
		f.pass(2000);
		await settled();
	}
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", [line(1, "bob", "one")]);
	await settled();
	assert.deepEqual(texts(room), ["one"]);
});

test("what is said while older messages are fetched goes out at once", async () => {
	const { f, s } = await session();
	const room = await inRoom(
		f,
		s,
		Array.from({ length: 100 }, (_, i) => line(101 + i, "bob", "t")),
		500,
	);

	s.history.older(room);
	s.say(room, "now");
	assert.equal(f.expect("PRIVMSG").params[1], "now");
});

test("an administrator's words: to all where one is, to one as a talk that can be answered", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, []);

	s.look(room, true);
	f.say(":chat.example NOTICE * :The server will be restarted.", ":chat.example PRIVMSG me :hello, this is the operator");
	assert.equal(room.messages.at(-1).text, "The server will be restarted.");
	assert.equal(s.model.room("chat.example").kind, "direct");
	assert.equal(s.model.room("chat.example").unread, 1);
});

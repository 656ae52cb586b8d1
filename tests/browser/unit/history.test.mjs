// What is fetched of what was said before, and after a loss (web/js/session.js with model.js).
import assert from "node:assert/strict";
import { test } from "node:test";
import { again, inRoom, line, session, settled, stamp, texts } from "./fake.mjs";

const talk = (from, n) => Array.from({ length: n }, (_, i) => line(from + i, "bob", "t" + (from + i)));
const reactions = (from, n) =>
	Array.from(
		{ length: n },
		(_, i) => `@time=${stamp(from + i)};msgid=m${from + i};+draft/react=${i};+draft/reply=m1 :bob!u@h TAGMSG #r`,
	);
const asked = (f) => f.expect("CHATHISTORY").params.slice(0, 3).join(" ");

test("pages of which nothing is shown do not hold up those before them", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [...reactions(901, 99), line(1000, "bob", "new")], 2000);
	let older = s.history.older(room);
	let ask = f.expect("CHATHISTORY");

	assert.deepEqual(ask.params, ["BEFORE", "#r", "msgid=m901", "100"]);
	f.batch(ask, "chathistory #r", reactions(801, 100));
	assert.equal(await older, true);
	assert.equal(room.more, true);
	// there may be many of them: the next page is a longer one
	older = s.history.older(room);
	ask = f.expect("CHATHISTORY");
	assert.deepEqual(ask.params, ["BEFORE", "#r", "msgid=m801", "500"]);
	f.batch(ask, "chathistory #r", [...talk(301, 499), ...reactions(800, 1)]);
	await older;
	older = s.history.older(room);
	ask = f.expect("CHATHISTORY");
	assert.deepEqual(ask.params, ["BEFORE", "#r", "msgid=m301", "100"]);
	f.batch(ask, "chathistory #r", [line(1, "bob", "old")]);
	await older;
	assert.deepEqual([room.more, texts(room).length, texts(room)[0], texts(room).at(-1)], [false, 501, "old", "new"]);
});

test("a page that brings nothing older is the last", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, talk(101, 100), 500);
	const older = s.history.older(room);

	f.batch(f.expect("CHATHISTORY"), "chathistory #r", talk(101, 100));
	await older;
	assert.equal(room.more, false);
});

test("what was missed is fetched to its end, whatever there is in between", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "t1")]);

	await again(f, s);
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", reactions(2, 100));
	await settled();
	// lost once more: it goes on from there
	await again(f, s);
	let ask = f.expect("CHATHISTORY");

	assert.deepEqual(ask.params.slice(0, 3), ["AFTER", "#r", "msgid=m101"]);
	f.batch(ask, "chathistory #r", [...reactions(102, 50), ...talk(152, 50)]);
	await settled();
	ask = f.expect("CHATHISTORY");
	assert.deepEqual(ask.params.slice(0, 3), ["AFTER", "#r", "msgid=m201"]);
	f.batch(ask, "chathistory #r", talk(202, 10));
	await settled();
	assert.equal(asked(f), "LATEST #r *");
	assert.deepEqual(texts(room), ["t1", ...Array.from({ length: 60 }, (_, i) => "t" + (152 + i))]);
	assert.equal(room.byId.get("m1").reactions.size, 40);
});

test("what has perhaps arrived is not said again where not all has been seen", async () => {
	for (const refused of [false, true]) {
		const { f, s } = await session();
		const room = await inRoom(f, s, [line(1, "bob", "t1")]);

		s.say(room, "perhaps");
		f.expect("PRIVMSG");
		f.cut();
		s.say(room, "not yet");
		await again(f, s);
		for (let i = 0; i < (refused ? 1 : 20); i++) {
			f.batch(f.expect("CHATHISTORY"), "chathistory #r", talk(2 + i * 100, 100));
			await settled();
		}
		const ask = f.expect("CHATHISTORY");

		if (refused)
			f.say(`@label=${ask.tags.label} :s FAIL CHATHISTORY INVALID_TARGET AFTER #r :Messages could not be retrieved`);
		else
			f.batch(ask, "chathistory #r", talk(9001, 100));
		await settled();
		assert.equal(ask.params[0], refused ? "AFTER" : "LATEST");
		assert.deepEqual(
			f.sent.filter((m) => m.command === "PRIVMSG").map((m) => m.params[1]),
			["not yet"],
		);
		assert.deepEqual(texts(room).slice(-2), ["perhaps!", "not yet?"]);
		assert.match(room.messages.find((m) => m.text === "perhaps").why, /Nobody can say/);
		// it goes on from where it is
		await again(f, s);
		assert.equal(asked(f), refused ? "AFTER #r msgid=m101" : "AFTER #r msgid=m9100");
	}
});

/** Somebody with an account, and a talk with bob; what is asked for at a login comes next. */
async function talking(rows = []) {
	const { f, s } = await session({ account: "me", password: "secret", rooms: [] });

	f.batch(f.expect("CHATHISTORY"), "draft/chathistory-targets", []);
	await settled();
	f.say(line(1, "bob", "first", "me"), ...rows);
	return { f, s, room: s.model.room("bob") };
}

async function back(f) {
	f.pass(3000);
	f.sent.length = 0;
	f.welcome("me");
	await settled();
	return f.expect("CHATHISTORY");
}

test("lost again before it is known with whom there were talks: those go on from where they were", async () => {
	const { f, s, room } = await talking();

	s.say(room, "mine");
	f.expect("PRIVMSG");
	f.cut();
	assert.equal((await back(f)).params[0], "TARGETS");
	f.cut();
	await settled();
	assert.deepEqual(texts(room), ["first", "mine?"]);
	f.batch(await back(f), "draft/chathistory-targets", [`:s CHATHISTORY TARGETS bob ${stamp(3)}`]);
	await settled();
	const ask = f.expect("CHATHISTORY");

	assert.deepEqual(ask.params.slice(0, 3), ["AFTER", "bob", "msgid=m1"]);
	f.batch(ask, "chathistory bob", [line(2, "bob", "second", "me")]);
	await settled();
	f.batch(f.expect("CHATHISTORY"), "chathistory bob", [line(1, "bob", "first", "me"), line(2, "bob", "second", "me")]);
	await settled();
	assert.deepEqual(texts(room), ["first", "second", "mine?"]);
	assert.equal(f.expect("PRIVMSG").params[1], "mine");
});

test("lost while a talk is fetched for the first time: it is fetched the next time", async () => {
	const { f, s } = await session({ account: "me", password: "secret", rooms: [] });
	const targets = [`:s CHATHISTORY TARGETS bob ${stamp(3)}`, `:s CHATHISTORY TARGETS eve ${stamp(2)}`];

	f.batch(f.expect("CHATHISTORY"), "draft/chathistory-targets", targets);
	await settled();
	assert.deepEqual(f.expect("CHATHISTORY").params.slice(0, 2), ["LATEST", "bob"]);
	f.cut();
	await settled();
	f.batch(await back(f), "draft/chathistory-targets", targets);
	for (const who of ["bob", "eve"]) {
		await settled();
		const ask = f.expect("CHATHISTORY");

		assert.deepEqual(ask.params.slice(0, 2), ["LATEST", who]);
		f.batch(ask, `chathistory ${who}`, [line(3, who, "hello", "me")]);
	}
	await settled();
	assert.deepEqual(texts(s.model.room("bob")), ["hello"]);
});

test("a connection that is about to be lost has refused nothing", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "t1")]);

	f.cut();
	f.pass(3000);
	f.welcome("me");
	await settled();
	f.socket.readyState = 2; // it is being closed, which nobody has been told yet
	await inRoom(f, s, null);
	await again(f, s);
	assert.equal(asked(f), "AFTER #r msgid=m1");
});

const MISSING = ":s NOTE CHATHISTORY MESSAGES_MISSING :The newest messages may be missing: they are not written to the disk yet";
const notes = (room) => room.messages.filter((m) => m.kind === "info").map((m) => m.text);

test("what the server has not written yet is asked for again, and the person knows of it", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, [line(1, "bob", "t1")]);

	s.say(room, "arrived");
	const arrived = f.expect("PRIVMSG").tags["+chatd.org/id"];

	f.cut();
	s.say(room, "said meanwhile");
	await again(f, s);
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", [line(2, "bob", "t2"), MISSING]);
	await settled();
	assert.match(notes(room)[0], /^The newest messages may be missing/);
	// nobody knows whether that one is among those; of the other it is sure that it is not
	assert.deepEqual(texts(room), ["t1", "t2", "arrived!", "said meanwhile?"]);
	assert.equal(f.expect("PRIVMSG").params[1], "said meanwhile");
	f.say(line(9, "bob", "live"));
	for (let i = 0; i < 2; i++) {
		f.pass(30000);
		const ask = f.expect("CHATHISTORY");

		assert.deepEqual(ask.params.slice(0, 3), ["AFTER", "#r", "msgid=m2"]);
		f.batch(ask, "chathistory #r", [MISSING]);
		await settled();
	}
	assert.equal(notes(room).length, 1, "once is enough");
	f.pass(30000);
	f.batch(f.expect("CHATHISTORY"), "chathistory #r", [
		`@time=${stamp(3)};msgid=m3;+chatd.org/id=${arrived} :me!u@h PRIVMSG #r :arrived`,
		line(4, "bob", "t4"),
		line(9, "bob", "live"),
	]);
	await settled();
	assert.equal(asked(f), "LATEST #r *");
	assert.deepEqual(texts(room), ["t1", "t2", "arrived", "t4", "live", "said meanwhile?"]);
	assert.ok(!f.has("PRIVMSG"));
	f.sent.length = 0;
	f.pass(80000);
	assert.ok(!f.has("CHATHISTORY"));
});

test("what was not written yet when one came in, too; a loss does not make it two questions", async () => {
	const { f, s } = await session();
	const room = await inRoom(f, s, null);

	f.batch(f.expect("CHATHISTORY"), "chathistory #r", [line(1, "bob", "t1"), MISSING]);
	await settled();
	f.say(line(5, "bob", "live"));
	await again(f, s);
	const ask = f.expect("CHATHISTORY");

	assert.deepEqual(ask.params.slice(0, 3), ["AFTER", "#r", "msgid=m1"]);
	f.batch(ask, "chathistory #r", [MISSING]);
	await settled();
	f.pass(30000);
	assert.equal(f.sent.filter((m) => m.command === "CHATHISTORY").length, 1);
	assert.equal(notes(room).length, 1);
});

// The connection (web/js/conn.js): the way in, refusals, labels, loss and coming back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Conn, socketUrl } from "../../../web/js/conn.js";
import { Fake, settled } from "./fake.mjs";

function start(who = {}) {
	const f = new Fake();
	const got = [];
	const states = [];
	const conn = new Conn({ env: f.env, onmessage: (m) => got.push(m), onstate: (s, d) => states.push([s, d]) });

	conn.open({ url: "ws://x/ws", nick: "alice", ...who });
	return { f, conn, got, states, state: () => states.at(-1) };
}

test("a guest comes in", () => {
	const { f, conn, got, state } = start();

	assert.equal(state()[0], "connecting");
	f.open();
	assert.deepEqual(
		f.sent.map((m) => m.command),
		["CAP", "NICK", "USER"],
	);
	f.say(":s CAP * LS * :batch message-tags", ":s CAP * LS :labeled-response nonsense");
	const asked = f.all.filter((m) => m.params[0] === "REQ").flatMap((m) => m.params[1].split(" "));

	assert.deepEqual(asked.sort(), ["batch", "labeled-response", "message-tags"]);
	assert.ok(!f.all.some((m) => m.params[0] === "END"));
	for (const m of f.all.filter((x) => x.params[0] === "REQ"))
		f.say(`:s CAP * ACK :${m.params[1]}`);
	assert.equal(f.all.filter((m) => m.params[0] === "END").length, 1);
	f.say(":s 001 alice :Welcome");
	assert.equal(state()[0], "ready");
	assert.ok(conn.ready && got.some((m) => m.command === "001"));
	f.say("PING :abc");
	assert.equal(f.expect("PONG").params[0], "abc");
});

test("a server without capabilities", () => {
	const { f, state } = start();

	f.open();
	f.say(":s 421 * CAP :Unknown command", ":s 001 alice :Welcome");
	assert.equal(state()[0], "ready");
});

test("an account comes in by SASL PLAIN, or is told why not", () => {
	for (const [answer, code] of [
		["903 * :good", ""],
		["904 * :no", "account"],
		["902 * :locked", "account"],
	]) {
		const { f, state } = start({ account: "alice", password: "secret" });

		f.open();
		f.say(":s CAP * LS :sasl=PLAIN");
		f.say(":s CAP * ACK :sasl");
		assert.equal(f.expect("AUTHENTICATE").params[0], "PLAIN");
		assert.ok(!f.has("CAP"));
		f.say("AUTHENTICATE +");
		assert.equal(Buffer.from(f.expect("AUTHENTICATE").params[0], "base64").toString(), "alice\0alice\0secret");
		f.say(`:s ${answer}`);
		if (!code) {
			assert.equal(f.expect("CAP").params[0], "END");
		} else {
			assert.deepEqual([state()[0], state()[1].code], ["refused", code]);
			f.pass(600000);
			assert.equal(f.sockets.length, 1);
		}
	}
	const { f, state } = start({ account: "alice", password: "secret" });

	f.open();
	f.say(":s CAP * LS :batch", ":s CAP * ACK :batch");
	assert.equal(state()[1].code, "account");
});

test("refusals, in clear words, and nobody tries again", () => {
	for (const [line, code] of [
		[":s 433 * alice :in use", "nick"],
		[":s 432 * alice :Erroneous nickname", "nick"],
		[":s 464 * :no", "server"],
		[":s 465 * :You are banned: spam", "banned"],
	]) {
		const { f, state } = start();

		f.open();
		f.say(line);
		assert.deepEqual([state()[0], state()[1].code], ["refused", code], line);
		assert.ok(state()[1].why.length > 10);
		f.pass(600000);
		assert.equal(f.sockets.length, 1);
	}
	const { f, state } = start();

	f.cut();
	assert.deepEqual([state()[0], state()[1].code], ["refused", "unreachable"]);
	const late = start();

	late.f.pass(15001);
	assert.equal(late.state()[1].code, "unreachable");
});

test("labels: one line, a batch, nothing, an end without an answer", async () => {
	const { f, conn, got } = start();

	f.welcome("alice");
	const one = conn.ask("TOPIC", ["#r"]);
	const list = conn.ask("WHOIS", ["x"], { quiet: true });
	const none = conn.ask("MARKREAD", ["#r", "t"]);
	const lost = conn.ask("X", []);
	const [a, b, c] = ["TOPIC", "WHOIS", "MARKREAD"].map((n) => f.expect(n));

	f.batch(b, "labeled-response", [":s 311 alice x u h * :r", ":s 318 alice x :End"]);
	f.say(`@label=${a.tags.label} :s 331 alice #r :none`, `@label=${c.tags.label} ACK`);
	assert.deepEqual(
		(await one).map((m) => m.command),
		["331"],
	);
	assert.deepEqual(
		(await list).map((m) => m.command),
		["311", "318"],
	);
	assert.deepEqual(await none, []);
	assert.ok(got.some((m) => m.command === "331") && !got.some((m) => m.command === "311"));
	f.cut();
	assert.equal(await lost, null);
	assert.equal(await conn.ask("X", []), null);
});

test("it is lost, and comes back with growing pauses and the same name", () => {
	const { f, conn, states, state } = start();

	f.welcome("alice");
	const pauses = [];

	for (let i = 0; i < 9; i++) {
		f.cut();
		assert.equal(state()[0], "waiting");
		pauses.push(state()[1].ms);
		f.pass(state()[1].ms - 1);
		const n = f.sockets.length;

		f.pass(1);
		assert.equal(f.sockets.length, n + 1);
	}
	assert.ok(pauses[0] < 1000 && pauses.every((p, i) => i === 0 || p >= pauses[i - 1]) && pauses.at(-1) <= 60000);
	f.welcome("alice");
	assert.deepEqual([state()[0], state()[1].again], ["ready", true]);
	f.cut();
	assert.equal(state()[1].ms, pauses[0]);
	conn.poke();
	assert.equal(state()[0], "connecting");
	assert.equal(states.filter(([s]) => s === "refused").length, 0);
});

test("its old self is still there: another name, then the old one again", () => {
	const { f, conn } = start();

	f.welcome("alice");
	f.cut();
	f.pass(1000);
	f.open();
	f.say(":s CAP * LS :batch", ":s CAP * ACK :batch", ":s 433 * alice :in use");
	const other = f.all.filter((m) => m.command === "NICK").at(-1).params[0];

	assert.match(other, /^alice\d+$/);
	f.say(`:s 001 ${other} :Welcome`);
	f.sent.length = 0;
	f.pass(15000);
	assert.equal(f.expect("NICK").params[0], "alice");
	conn.rename("alice");
	f.pass(60000 - 30000);
	assert.ok(!f.has("NICK"));
});

test("silence: the server is asked, and given up", () => {
	const { f, state } = start();

	f.welcome("alice");
	f.sent.length = 0;
	f.pass(90000);
	f.expect("PING");
	f.say(":s PONG s :still there?");
	f.pass(80000);
	assert.equal(state()[0], "ready");
	f.pass(30001);
	assert.equal(state()[0], "waiting");
});

test("who was removed does not come back by itself", () => {
	const { f, state } = start();

	f.welcome("alice");
	f.say("ERROR :Closing link: alice: Kicked by Server (calm down)");
	f.cut();
	assert.deepEqual([state()[0], state()[1].why], ["refused", "Kicked by Server (calm down)"]);
	const { f: g, state: other } = start();

	g.welcome("alice");
	g.say("ERROR :Closing link: alice: Quit: Kicked");
	g.cut();
	assert.equal(other()[0], "waiting");
});

test("after close() nothing of the old connection is heard", () => {
	const { f, conn, got } = start();

	f.welcome("alice");
	const old = f.socket.onmessage;
	const n = got.length;

	conn.close("bye");
	assert.equal(f.all.at(-1).line, "QUIT bye");
	assert.equal(f.socket.onmessage, null);
	f.pass(600000);
	assert.equal(f.sockets.length, 1);
	assert.equal(got.length, n);
	assert.equal(typeof old, "function");
	return settled();
});

test("addresses", () => {
	const page = { protocol: "http:" };

	assert.equal(socketUrl("localhost:9898", page), "ws://localhost:9898/ws");
	assert.equal(socketUrl(" chat.example ", { protocol: "https:" }), "wss://chat.example/ws");
	assert.equal(socketUrl("[::1]:80", { protocol: "https:" }), "wss://[::1]:80/ws");
	for (const bad of ["", "a b", "host:99999", "user@host", "host/path", "host?x", "http://x"])
		assert.equal(socketUrl(bad, page), null, bad);
});

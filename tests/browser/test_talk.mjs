// test_talk.mjs - people who talk: browsers, telnet and irssi in one room.

import assert from "node:assert/strict";

import { eventually } from "./person.mjs";

const SECRET = "correct horse";

async function everybody(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	const tel = await t.w.telnet("tel");
	const iris = await t.w.irssi("iris", "#lobby");
	const names = ["ann", "ben", "tel", ...(iris ? ["iris"] : [])];

	await ann.seesPeople(...names);
	await ben.seesPeople(...names);
	assert.equal(await ann.page.textContent("#people-count"), String(names.length));
	await ann.says("hello from ann");
	await tel.expect("ann.*hello from ann");
	await ben.sees("hello from ann");
	await tel.send("hello from tel");
	for (const p of [ann, ben])
		await p.sees("hello from tel");
	if (iris) {
		await iris.expect("<[ @]?ann> hello from ann");
		await iris.type("hello from iris");
		for (const p of [ann, ben])
			await p.sees("hello from iris");
		await iris.expect("hello from tel");
	}
	await ben.says("hello from ben");
	await tel.expect("ben.*hello from ben");
	// who said it stands by it, and only once
	assert.equal(await ann.rows("hello from ann").count(), 1);
	assert.equal(await ben.rows("hello from tel").locator(".who .name").last().textContent(), "tel");
	await tel.send("/away gone fishing");
	await ann.page.locator('.person[data-nick="tel"].away').waitFor();
	await tel.send("/away");
	await ann.page.locator('.person[data-nick="tel"].on').waitFor();
	await tel.send("!DISCONNECT");
	await ann.seesPeople(...names.filter((n) => n !== "tel"));
	await ann.sees("tel");
	if (!iris)
		console.log("skip  test_talk: irssi: it is not installed");
}

async function direct(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	const tel = await t.w.telnet("tel");

	await ann.type("in secret@ben");
	const entry = ben.page.locator("#rooms .room", { hasText: "ann" });

	await entry.locator(".count.hot").waitFor();
	assert.match(await entry.locator(".count").textContent(), /^1/);
	await ben.goTo("ann");
	await ben.sees("in secret");
	await ben.says("and back");
	await ann.goTo("ben");
	await ann.sees("and back");
	await ann.type("/msg tel psst");
	await tel.expect('ann sent you "psst"');
	await tel.send("heard@ann");
	await ann.goTo("tel");
	await ann.sees("heard");
	await ann.goTo("lobby");
	await ann.type("are you there?@nobody_here");
	await eventually("words that nobody is called so", async () => /no such|not here|Couldn't|nobody|not be/i.test(await ann.page.textContent("#log-list")));
	await tel.sync();
	assert.equal(await ben.rows("are you there").count(), 0);
}

async function lines(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	const tel = await t.w.telnet("tel");

	await ann.page.fill("#input", "");
	await ann.page.locator("#input").pressSequentially("first line");
	await ann.page.keyboard.press("Shift+Enter");
	await ann.page.keyboard.type("second line");
	await ann.page.keyboard.press("Enter");
	await ben.sees("second line");
	assert.equal(await ben.rows("first line").count(), 1, "one message");
	assert.match(await ben.rows("first line").locator("div.text[dir]").innerText(), /first line\s*\n\s*second line/);
	await tel.expect("first line");
	await tel.expect("second line");
	// more than a message may have: not a word of it is lost, and it can go as a file
	const long = Array.from({ length: 100 }, (_, i) => `row ${i}`).join("\n");

	await ann.type(long);
	await ann.page.locator("div.failed", { hasText: "64 lines" }).getByRole("button", { name: "Share it as a file" }).click();
	const link = ben.page.locator("a.file", { hasText: "message.txt" });

	await link.waitFor();
	assert.equal(await (await fetch(await link.evaluate((a) => a.href))).text(), long);
	assert.equal(await ann.page.locator("div.failed").count(), 0);
}

async function complete(t) {
	await t.world();
	await t.w.telnet("zoe");
	const ann = await t.person("ann");
	const input = ann.page.locator("#input");

	await ann.seesPeople("ann", "zoe");
	await input.pressSequentially("zo");
	await input.press("Tab");
	assert.equal(await input.inputValue(), "zoe: ");
	assert.ok(await input.evaluate((e) => e === document.activeElement), "the cursor has gone elsewhere");
	await input.fill("");
	await input.pressSequentially("/top");
	await ann.page.locator("#complete .option", { hasText: "/topic" }).waitFor();
	await input.press("Tab");
	assert.equal(await input.inputValue(), "/topic ");
	await input.fill("");
	await input.pressSequentially("to #lo");
	await ann.page.locator("#complete .option", { hasText: "#lobby" }).waitFor();
	await input.press("Tab");
	assert.equal(await input.inputValue(), "to #lobby ");
	// what is complete is not completed before it is sent
	await input.fill("");
	await input.pressSequentially("/query zoe");
	await input.press("Enter");
	await ann.page.locator("#title", { hasText: "zoe" }).waitFor();
	await input.pressSequentially("/join #lobby");
	await input.press("Enter");
	await ann.page.locator("#title", { hasText: "#lobby" }).waitFor();
	await ann.type("/nosuchcommand");
	await ann.sees("There is no command /nosuchcommand");
	assert.equal(await input.inputValue(), "/nosuchcommand", "what has not been understood is there to be mended");
}

async function offline(t) {
	await t.world();
	const way = await t.way();
	const ann = await t.person("ann", { port: way.port });
	const input = ann.page.locator("#input");

	await ann.says("the first words");
	way.open = false;
	way.cut();
	await ann.lost();
	await ann.type("/topic tea");
	await ann.sees("You are not connected just now.");
	assert.equal(await input.inputValue(), "/topic tea");
	await input.fill("");
	await ann.choose("the first words", "Edit");
	await ann.type("better words");
	assert.equal(await input.inputValue(), "better words");
	await input.press("Escape");
	await ann.type("/me waits");
	await ann.type("/help");
	await ann.dialog().waitFor();
	await ann.page.keyboard.press("Escape");
	way.open = true;
	await ann.ready();
	await ann.page.locator(".said.action .state.delivered").waitFor({ state: "attached" });
}

async function changes(t) {
	await t.world();
	const ann = await t.person("ann", { how: { mode: "register", password: SECRET } });
	const ben = await t.person("ben", { how: { mode: "register", password: SECRET } });

	await ann.says("the first word");
	await ben.sees("the first word");
	await ben.choose("the first word", "Reply");
	await ben.page.locator("#context", { hasText: "the first word" }).waitFor();
	await ben.says("an answer");
	await ann.rows("an answer").locator(".quote", { hasText: "the first word" }).waitFor();
	await ben.choose("the first word", "React with 👍");
	const reaction = ann.rows("the first word").first().locator(".reaction");

	await reaction.waitFor();
	assert.match(await reaction.textContent(), /👍.*1/);
	await reaction.click();
	await ben.page.locator(".reaction", { hasText: "2" }).waitFor();
	await ann.choose("the first word", "Edit");
	assert.equal(await ann.page.inputValue("#input"), "the first word");
	await ann.type("another word");
	await ben.rows("another word").first().getByText("(edited)").waitFor();
	await ann.says("a slip");
	await ann.choose("a slip", "Delete");
	await ben.sees("This message has been taken back.");
	assert.equal(await ben.rows("a slip").count(), 0);
}

async function forms(t) {
	await t.world();
	const ann = await t.person("ann");
	const i = await t.w.by_irc("iggy");

	await i.send("JOIN #lobby");
	await i.send("PRIVMSG #lobby :\x02bold\x02 \x1ditalic\x1d \x11mono\x11 \x0304red\x03 https://example.org/a?b=c <b>not bold</b> <img src=x onerror=alert(1)>");
	await ann.sees("not bold");
	const row = ann.rows("not bold");

	assert.equal(await row.locator(".bold").textContent(), "bold");
	assert.equal(await row.locator(".italic").textContent(), "italic");
	assert.equal(await row.locator(".mono").textContent(), "mono");
	assert.equal(await row.locator(".fg4").textContent(), "red");
	assert.equal(await row.locator("a").getAttribute("href"), "https://example.org/a?b=c");
	assert.match(await row.locator("a").getAttribute("rel"), /noopener/);
	assert.match(await row.locator("div.text[dir]").textContent(), /<b>not bold<\/b> <img/);
	assert.equal(await row.locator("div.text[dir] b, div.text[dir] img").count(), 0);
	await i.send("PRIVMSG #lobby :\x01ACTION waves\x01");
	await ann.page.locator(".said.action", { hasText: "waves" }).waitFor();
	await i.send("PRIVMSG #lobby :look, ann");
	await ann.page.locator(".said.mention", { hasText: "look" }).waitFor();
}

async function back(t) {
	await t.world();
	await t.w.by_irc("old").then((c) => c.send("JOIN #lobby"));
	await t.w.numbered("bot", "#lobby", 400);
	const ann = await t.person("ann");

	await ann.sees("line 399");
	for (let i = 0; (await ann.texts(/^line /)).length < 400 && i < 40; i++) {
		await ann.page.locator("#log").evaluate((el) => (el.scrollTop = 0));
		await ann.page.waitForFunction(() => !chat.room.loading);
		await ann.page.waitForTimeout(50);
	}
	await ann.numbered(400);
	await ann.page.locator("#log").evaluate((el) => (el.scrollTop = 0));
	await ann.rows(/line 0$/).first().waitFor();
	await ann.page.locator("#log-top", { hasText: "This is the beginning" }).waitFor();
	await ann.page.click("#to-end");
	await ann.sees("line 399");
}

async function search(t) {
	await t.world();
	const tom = await t.w.telnet("tom");

	await tom.send("the heron stands in the pond");
	await t.w.numbered("bot", "#lobby", 300);
	const ann = await t.person("ann");

	await ann.page.click("#open-search");
	await ann.page.keyboard.type("heron");
	await ann.page.keyboard.press("Enter");
	const found = ann.dialog().locator("li, button", { hasText: "the heron stands" }).last();

	await found.waitFor();
	await found.click();
	await ann.rows("the heron stands").waitFor();
	assert.equal(await ann.dialog().count(), 0);
}

async function fresh(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.w.telnet("ben");

	await ann.join("#garden");
	await ben.send("one");
	await ben.send("two for ann");
	const entry = ann.page.locator("#rooms .room", { hasText: "lobby" });

	await entry.locator(".count", { hasText: "1" }).waitFor();
	assert.match(await entry.locator(".count").textContent(), /^1 for you/, "mentions stand before what is new");
	await ann.page.waitForFunction(() => /^\(|\d/.test(document.title));
	await ann.goTo("lobby");
	await ann.page.locator(".fresh").waitFor();
	assert.match(await ann.page.locator(".row", { has: ann.page.locator(".fresh") }).textContent(), /one/);
	await eventually("the count to go", async () => await entry.locator(".count").count() === 0);
}

/** Somebody who looks elsewhere: what the desktop is shown, and how many notes are heard. */
async function elsewhere(t, permission) {
	const p = await t.somebody();

	await p.context.addInitScript((answer) => {
		globalThis.shown = [];
		globalThis.notes = 0;
		globalThis.Notification = class {
			static permission = "default";
			static requestPermission = async () => (this.permission = answer);
			constructor(title, { body }) {
				this.title = title;
				this.body = body;
				shown.push(this);
			}
			close() {}
		};
		const { start } = OscillatorNode.prototype;

		OscillatorNode.prototype.start = function (at) {
			notes++;
			start.call(this, at);
		};
	}, permission);
	await p.page.reload();
	await p.page.locator("#login-name").waitFor();
	return p;
}

async function notify(t) {
	await t.world();
	const ann = await elsewhere(t, "granted");
	const tel = await t.w.telnet("tel");
	const { page } = ann;
	const shown = () => page.evaluate(() => [shown.map((n) => `${n.title}: ${n.body}`), notes]);
	const after = async (line, words) => {
		await tel.send(line);
		await eventually(line, () => page.evaluate((w) => [...chat.model.rooms.values()].some((r) => r.messages.some((m) => m.text === w)), words));
		return shown();
	};

	await ann.comes("ann");
	await page.click("#side-settings");
	await ann.dialog().getByLabel("Notifications").check();
	await page.keyboard.press("Escape");
	assert.deepEqual(await after("ann: you are looking", "ann: you are looking"), [[], 0], "who looks needs nothing");
	await page.evaluate(() => {
		document.hasFocus = () => false;
		dispatchEvent(new Event("blur"));
	});
	assert.deepEqual(await after("hello, all", "hello, all"), [[], 0], "nobody is named");
	assert.deepEqual(await after("ann: <b>tea</b>?", "ann: <b>tea</b>?"), [["tel in #lobby: ann: <b>tea</b>?"], 2]);
	assert.deepEqual((await after("psst@ann", "psst"))[0].at(-1), "tel: psst");
	assert.match(await page.title(), /^\(\d+\)/);
	await page.evaluate(() => shown.at(-1).onclick());
	await page.locator("#title", { hasText: "tel" }).waitFor();
	await ann.goTo("lobby");
	await page.click("#room-menu");
	await page.locator(".menu").getByRole("menuitemcheckbox", { name: "Quiet" }).click();
	assert.equal((await after("ann: again?", "ann: again?"))[0].length, 2, "a quiet room");
	await page.click("#side-settings");
	await ann.dialog().getByLabel("Sounds").uncheck();
	await page.keyboard.press("Escape");
	const [, before] = await shown();

	assert.deepEqual([(await after("still there?@ann", "still there?"))[0].length, (await shown())[1]], [3, before], "without a sound");
	const ben = await elsewhere(t, "denied");

	await ben.comes("ben");
	await ben.page.click("#side-settings");
	await ben.dialog().getByLabel("Notifications").click();
	await ben.dialog().getByText("This browser does not allow them").waitFor();
	assert.equal(await ben.dialog().getByLabel("Notifications").isChecked(), false);
}

async function tabs(t) {
	await t.world();
	const ann = await t.person("ann", { how: { mode: "register", password: SECRET } });
	const other = await ann.tab();

	await other.click("#tab-account");
	await other.fill("#login-name", "ann");
	await other.fill("#login-password", SECRET);
	await other.keyboard.press("Enter");
	await other.locator("#title", { hasText: "#" }).waitFor();
	await ann.says("from one tab");
	await other.locator(".row", { hasText: "from one tab" }).waitFor();
	assert.equal(await other.locator(".row", { hasText: "from one tab" }).count(), 1);
	await other.fill("#input", "from the other");
	await other.press("#input", "Enter");
	await ann.sees("from the other");
	await ann.seesPeople("ann");
}

async function leaving(t) {
	await t.world();
	const ann = await t.person("ann");

	await ann.join("#garden");
	await ann.type("/leave");
	await ann.page.locator("#title", { hasText: "#lobby" }).waitFor();
	await ann.page.click("#room-menu");
	await ann.item("Leave");
	await ann.page.locator("#title", { hasText: "Server" }).waitFor();
	await ann.type("is anybody here?");
	await ann.sees("Choose a room first.");
	assert.equal(await ann.page.inputValue("#input"), "is anybody here?");
	await ann.join("#lobby");
	await ann.says("here again");
}

async function order(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");

	await ann.join("#garden");
	await ben.join("#garden");
	await ann.seesPeople("ann", "ben");
	await ben.menuOf("ann");
	assert.equal(await ben.page.locator(".menu").getByText("Kick…").count(), 0, "who is no operator has no such item");
	await ben.page.keyboard.press("Escape");
	await ann.page.click("#topic");
	await ann.dialog().locator("textarea, input").first().fill("flowers only");
	await ann.dialog().getByRole("button", { name: "Set" }).click();
	await ben.page.locator("#topic", { hasText: "flowers only" }).waitFor();
	await ann.menuOf("ben");
	await ann.item("Mute");
	await eventually("ben to be muted", async () => {
		await ben.type("may I?");
		return ben.page.locator(".said.bad", { hasText: "may I?" }).count();
	});
	await ann.menuOf("ben");
	await ann.item("Unmute");
	await ann.menuOf("ben");
	await ann.item("Give voice");
	await ben.page.locator('.person[data-nick="ben"] .rank').waitFor();
	await ann.menuOf("ben");
	await ann.item("Kick…");
	await ann.dialog().locator("input").fill("mud on the boots");
	await ann.dialog().getByRole("button", { name: "Kick" }).click();
	await ben.sees("mud on the boots");
	await ben.page.locator("#out").waitFor();
	await ben.page.getByRole("button", { name: "Join again" }).click();
	await ann.seesPeople("ann", "ben");
	await ann.menuOf("ben");
	await ann.item("Ban and kick…");
	await ann.dialog().getByRole("button", { name: "Ban" }).click();
	await ben.page.locator("#out").waitFor();
	await ann.page.click("#room-menu");
	await ann.item("Banned…");
	await ann.dialog().getByText("ben!").waitFor();
	await ann.dialog().getByRole("button", { name: "Lift" }).click();
}

/** A room is called as who made it wrote it. */
async function letters(t) {
	await t.world();
	const ben = await t.w.by_irc("ben");

	await ben.ask("JOIN #Küche,#Kitchen", "366", null, "#Kitchen");
	const ann = await t.person("ann");

	for (const [typed, is] of [["#KITCHEN", "#Kitchen"], ["KÜCHE", "#Küche"]]) {
		await ann.type(`/join ${typed}`);
		await ann.page.locator("#title", { hasText: is }).waitFor();
		assert.equal(await ann.page.textContent("#title"), is);
		await ann.goTo("lobby");
	}
	await ann.type("constructor@server");
	await ann.sees("show@Server, quit@Server and help@Server are what can be said");
	await ann.page.waitForFunction(() => document.querySelector("#input").value === "constructor@server");
}

export const tests = {
	"two browsers, telnet and irssi in one room": { fn: everybody, limit: 120 },
	"to one person alone": direct,
	"several lines are one message": lines,
	"names, rooms and commands are completed": complete,
	"commands without a connection": offline,
	"reply, react, edit, delete": changes,
	"formatting, links, and what looks like HTML": forms,
	"back in time by scrolling": back,
	"search": search,
	"what is new, and how much": fresh,
	"notifications, sounds, and none of them": notify,
	"several tabs of one account": tabs,
	"leaving the last room": leaving,
	"an operator's controls": order,
	"a room in other letters": letters,
};

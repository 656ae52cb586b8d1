// person.mjs - somebody at a browser: what people do with the page, and what they see of it.

import assert from "node:assert/strict";

const WAIT = 15000;

/** Until fn() is true or something; not for what the page itself can be asked to wait for. */
export async function eventually(what, fn, ms = WAIT) {
	const end = Date.now() + ms;

	for (;;) {
		const value = await fn();

		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`waited in vain for ${typeof what === "function" ? await what() : what}`);
		await new Promise((done) => setTimeout(done, 25));
	}
}

export class Person {
	requests = [];
	wrong = []; // what no page may do: violations of the CSP, errors that nobody has caught

	static async at(browser, port, { path = "/", scheme = "http", ...options } = {}) {
		const p = new Person();

		p.port = port;
		p.scheme = scheme;
		p.context = await browser.newContext({ viewport: { width: 1180, height: 760 }, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
		p.context.setDefaultTimeout(WAIT);
		await p.context.addInitScript(() => addEventListener("securitypolicyviolation", (e) => console.error("CSP", e.violatedDirective, e.blockedURI)));
		p.page = await p.tab(path);
		return p;
	}

	async tab(path = "/") {
		const page = await this.context.newPage();

		page.on("request", (r) => this.requests.push(r.url()));
		page.on("websocket", (w) => this.requests.push(w.url()));
		page.on("pageerror", (e) => this.wrong.push(String(e.stack ?? e)));
		page.on("console", (m) => m.type() === "error" && /CSP|Content Security/.test(m.text()) && this.wrong.push(m.text()));
		await page.goto(`${this.scheme}://127.0.0.1:${this.port}${path}`);
		await page.locator("#login-name").waitFor();
		return page;
	}

	/** Nothing went to anybody else, and nothing that should not have happened did. */
	check() {
		const own = new Set([`127.0.0.1:${this.port}`]);
		const others = this.requests.filter((r) => !/^(data|blob):/.test(r) && !own.has(new URL(r).host));

		assert.deepEqual(others, [], "requests to other hosts");
		assert.deepEqual(this.wrong, [], "the page did what it may not");
	}

	// --- the way in

	async connect(name, { mode = "", password = "" } = {}) {
		if (mode)
			await this.page.click(`#tab-${mode}`);
		await this.page.fill("#login-name", name);
		if (password)
			await this.page.fill("#login-password", password);
		await this.page.keyboard.press("Enter");
	}

	async comes(name, how) {
		await this.connect(name, how);
		await this.page.locator("#input").waitFor();
		await this.page.locator("#title", { hasText: "#" }).waitFor();
		await this.page.waitForFunction(() => chat.room?.joined && !chat.room.loading && !chat.room.catching);
		this.name = name;
	}

	async refused(words) {
		await this.page.locator("#login-error", { hasText: words }).waitFor();
	}

	// --- talk

	async type(text) {
		await this.page.fill("#input", text);
		await this.page.press("#input", "Enter");
	}

	/** The rows whose text holds words, whatever they quote. */
	rows(words) {
		return this.page.locator("#log-list .row", { has: this.page.locator("div.text[dir], .event-text", { hasText: words }) });
	}

	async sees(words) {
		await this.rows(words).last().waitFor();
	}

	/** Said, and known to have arrived. */
	async says(text) {
		await this.type(text);
		await this.rows(text).last().locator(".state.delivered").waitFor({ state: "attached" });
	}

	async join(room) {
		await this.type(`/join ${room}`);
		await this.page.locator("#title", { hasText: room }).waitFor();
		await this.page.waitForFunction((r) => chat.room?.name === r && chat.room.joined && !chat.room.loading, room);
	}

	async goTo(name) {
		await this.page.locator("#rooms .room", { has: this.page.locator(".room-name", { hasText: new RegExp(`^${name}$`) }) }).click();
	}

	/** The texts of the room on show, as the page knows them; also those that are not in the document just now. */
	texts(regex) {
		return this.page.evaluate((source) => chat.room.messages.filter((m) => new RegExp(source).test(m.text) && !m.deleted).map((m) => m.text), regex.source);
	}

	/** Of that many numbered lines each is there once, in order. */
	async numbered(n, regex = /^line \d+$/) {
		await eventually(async () => `${n} lines: ${(await this.texts(regex)).length}`, async () => (await this.texts(regex)).length >= n, 40000);
		const texts = await this.texts(regex);

		assert.deepEqual(texts.map((t) => Number(/\d+$/.exec(t)[0])), [...Array(n).keys()]);
	}

	/** The menu of a message, and one of its items. */
	async choose(words, item) {
		await this.rows(words).last().locator("div.text[dir]").click({ button: "right" });
		await this.item(item);
	}

	async item(name) {
		await this.page.locator(".menu").getByRole("menuitem", { name, exact: true }).click();
	}

	async menuOf(nick) {
		await this.page.locator(`#people-list .person[data-nick="${nick}"]`).click();
	}

	async people() {
		return this.page.locator("#people-list .person").evaluateAll((els) => els.map((e) => e.dataset.nick).sort());
	}

	async seesPeople(...names) {
		await eventually(async () => `${names} among ${await this.people()}`, async () => String(await this.people()) === String(names.sort()));
	}

	dialog() {
		return this.page.locator("dialog[open]");
	}

	async ready() {
		await this.page.waitForFunction(() => chat.settled && chat.room?.joined && !chat.room.loading && !chat.room.catching);
	}

	async lost() {
		await this.page.waitForFunction(() => !chat.settled);
	}
}

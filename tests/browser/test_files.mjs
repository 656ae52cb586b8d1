// test_files.mjs - pictures and files: dropped, pasted, chosen; seen by others; refused with words.

import assert from "node:assert/strict";

import { eventually } from "./person.mjs";

/** A picture of w times h, made in the page; noise: one that cannot be packed. In base64. */
export async function picture(p, w = 640, h = 420, noise = false) {
	return p.page.evaluate(([width, height, noisy]) => {
		const canvas = Object.assign(document.createElement("canvas"), { width, height });
		const c = canvas.getContext("2d");
		const fill = (colour, ...box) => {
			c.fillStyle = colour;
			c.fillRect(...box);
		};

		fill("#bfe3ff", 0, 0, width, height);
		fill("#6fae6a", 0, height * 0.62, width, height);
		fill("#3f8ecb", width * 0.2, height * 0.72, width * 0.6, height * 0.14);
		fill("#b5543b", width * 0.4, height * 0.38, width * 0.22, height * 0.26);
		fill("#fff6c8", width * 0.47, height * 0.46, width * 0.08, height * 0.18);
		c.fillStyle = "#ffd54a";
		c.beginPath();
		c.arc(width * 0.82, height * 0.2, height * 0.09, 0, 7);
		c.fill();
		if (noisy) {
			const data = c.getImageData(0, 0, width, height);

			for (let i = 0; i < data.data.length; i += 65536)
				crypto.getRandomValues(data.data.subarray(i, i + 65536));
			c.putImageData(data, 0, 0);
		}
		return canvas.toDataURL("image/png").split(",")[1];
	}, [w, h, noise]);
}

/** As if that had been dropped on the page, or pasted into the message box. */
export async function give(p, how, name, bytes, type = "image/png") {
	await p.page.evaluate(([what, file, data, mime]) => {
		const transfer = new DataTransfer();

		transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], file, { type: mime }));
		if (what === "paste") {
			document.getElementById("input").dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
			return;
		}
		for (const event of ["dragenter", "dragover", "drop"])
			document.getElementById("log").dispatchEvent(new DragEvent(event, { dataTransfer: transfer, bubbles: true, cancelable: true }));
	}, [how, name, bytes, type]);
}

/** The picture stands among the messages, and is one. */
async function seesPicture(p, name) {
	const img = p.page.locator(`#log-list .picture img[alt="${name}"]`).last();

	await img.waitFor();
	await eventually(`the picture ${name}`, () => img.evaluate((el) => el.complete && el.naturalWidth > 0));
	return img;
}

async function dropped(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	const tel = await t.w.telnet("tel");
	const bytes = await picture(ann);

	await give(ann, "drop", "house by the lake.png", bytes);
	for (const p of [ann, ben])
		await seesPicture(p, "house by the lake.png");
	const line = await tel.expect(String.raw`ann has shared the (file|image) house by the lake\.png \(.*http://\S+`);
	const url = /http:\/\/[^\s)]+/.exec(line)[0];
	const answer = await fetch(url);

	assert.equal(answer.status, 200);
	assert.equal(Buffer.from(await answer.arrayBuffer()).toString("base64"), bytes);
	await (await seesPicture(ben, "house by the lake.png")).click();
	const viewer = ben.page.locator("dialog.viewer[open]");

	await eventually("the viewer's picture", () => viewer.locator(".stage img").evaluate((el) => el.complete && el.naturalWidth === 640));
	assert.match(await viewer.locator(".viewer-name").textContent(), /house by the lake\.png/);
	await give(ann, "drop", "second.png", await picture(ann, 200, 100));
	await seesPicture(ben, "second.png");
	await ben.page.keyboard.press("Escape");
	await viewer.waitFor({ state: "detached" });
	await (await seesPicture(ben, "second.png")).click();
	await ben.page.keyboard.press("ArrowLeft");
	await viewer.locator(".viewer-name", { hasText: "house" }).waitFor();
	await ben.page.keyboard.press("Escape");
	// who comes later sees it, too
	const cid = await t.person("cid");

	await seesPicture(cid, "house by the lake.png");
}

async function pasted(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");

	await give(ann, "paste", "image.png", await picture(ann));
	await seesPicture(ben, "image.png");
	await ann.page.setInputFiles("#pick", { name: "notes <b>.txt", mimeType: "text/plain", buffer: Buffer.from("buy milk\n") });
	const link = ben.page.locator("a.file", { hasText: "notes <b>.txt" });

	await link.waitFor();
	assert.equal(await (await fetch(await link.evaluate((a) => a.href))).text(), "buy milk\n");
	// to one person alone
	await ann.type("/msg ben look at this");
	await ann.goTo("ben");
	await give(ann, "drop", "for ben.png", await picture(ann, 90, 60));
	await ben.goTo("ann");
	await seesPicture(ben, "for ben.png");
	await t.w.logged(String.raw`ann  --->  ben  \[ Image \]`);
}

async function large(t) {
	await t.world({ files: { max_size: 200000 } });
	const ann = await t.person("ann");
	const ben = await t.person("ben");

	await give(ann, "drop", "noise.png", await picture(ann, 400, 300, true));
	await ann.sees(/noise\.png was not sent\. .*(big|large)/);
	await ben.says("nothing came");
	assert.equal(await ben.page.locator(".picture").count(), 0);
	assert.deepEqual(await t.w.files(), []);
	// with its small picture, which is made here, what is large enough for one and small enough for the server
	await give(ann, "drop", "less noise.png", await picture(ann, 220, 200, true));
	await seesPicture(ben, "less noise.png");
}

/** A link that is no longer good: history has another. */
async function links(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	const old = () => ben.page.evaluate(() => {
		for (const m of chat.room.messages.filter((o) => o.file)) {
			m.text = m.text.replace(/e=\d+/, "e=1000000000");
			for (const what of ["url", "thumb"])
				m.file[what] = m.file[what].replace(/e=\d+/, "e=1000000000");
			chat.model.tell("message", chat.room, m);
		}
	});

	await give(ann, "drop", "lake.png", await picture(ann));
	await ann.page.setInputFiles("#pick", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("buy milk\n") });
	await seesPicture(ben, "lake.png");
	await ben.page.locator("a.file").waitFor();
	await old();
	await eventually("a fresh link", async () => !(await ben.page.locator(".picture img").getAttribute("src")).includes("e=1000000000&"));
	await seesPicture(ben, "lake.png");
	await ben.page.evaluate(() => (globalThis.open = (url) => (globalThis.opened = url)));
	await ben.page.locator("a.file").click();
	const url = await eventually("an address", () => ben.page.evaluate(() => globalThis.opened));

	assert.equal(await (await fetch(url)).text(), "buy milk\n");
	await ben.page.locator(".picture").click();
	const viewer = ben.page.locator("dialog.viewer[open] .stage img");

	await eventually("the large picture", () => viewer.evaluate((el) => el.complete && el.naturalWidth === 640));
	await ben.page.keyboard.press("Escape");
	assert.equal(await ben.rows("").getByText("(edited)").count(), 0);
	// what has been deleted is not asked for for ever
	await t.w.ctl("file", "delete", /\/files\/([^/]+)/.exec(url)[1]);
	await ben.sees("taken this message back");
}

async function nothing(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");

	for (const [name, type] of [["empty.png", "image/png"], ["empty", ""]]) {
		await give(ann, "drop", name, "", type);
		await ann.sees(`${name} was not sent. There is nothing in it.`);
	}
	assert.deepEqual(await t.w.files(), []);
	// a file for ben that is not chosen after all: the next one is for the room on show
	await ann.page.evaluate(() => (document.getElementById("pick").click = () => {}));
	await ann.type("/file ben");
	await ann.page.click("#attach");
	await ann.page.setInputFiles("#pick", { name: "for all.txt", mimeType: "text/plain", buffer: Buffer.from("all\n") });
	await ben.page.locator("a.file", { hasText: "for all.txt" }).waitFor();
	assert.equal(await ben.page.evaluate(() => chat.room.name), "#lobby");
	// what is dropped where it cannot be shared does not open instead of the page
	assert.equal(await ann.page.evaluate(() => {
		const transfer = new DataTransfer();

		transfer.items.add(new File(["x"], "x.txt"));
		chat.quit();
		return document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
	}), false);
}

/** Uploads that somebody stops, or that end with the chat. */
async function stopped(t) {
	await t.world();
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	const slow = await ann.context.newCDPSession(ann.page);

	await slow.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100000 });
	const file = { name: "long.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(4e6) };

	await ann.page.setInputFiles("#pick", file);
	await ann.page.waitForFunction(() => document.querySelector("#uploads progress")?.value > 0);
	await ann.page.locator("#uploads").getByRole("button", { name: "Stop" }).click();
	await ann.sees("long.bin was not sent. Given up.");
	await ann.page.setInputFiles("#pick", [file, { ...file, name: "another.bin" }]);
	await ann.page.locator("#uploads .upload").waitFor();
	await ann.page.click("#disconnect");
	await eventually("no upload to be there", async () => await ann.page.locator("#uploads .upload").count() === 0);
	await slow.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
	await ann.comes("ann");
	await ann.says("that was all");
	await ben.sees("that was all");
	assert.equal(await ben.page.locator("a.file").count(), 0);
	await eventually("nothing of them to be kept", async () => !(await t.w.files()).length);
}

async function off(t) {
	await t.world({ files: { enabled: 0 } });
	const ann = await t.person("ann");

	await give(ann, "drop", "a.png", await picture(ann, 20, 20));
	await ann.sees(/a\.png was not sent\. .*(not enabled|cannot be uploaded)/);
}

export const tests = {
	"a picture is dropped, seen, and seen large": dropped,
	"pasted, chosen, and to one person": pasted,
	"what is too big is refused with words": large,
	"links that have become too old": links,
	"what is empty, not chosen after all, or dropped beside it": nothing,
	"stopped, and left": stopped,
	"files are switched off": off,
};

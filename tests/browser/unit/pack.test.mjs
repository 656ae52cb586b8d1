// The page's files: each module that is imported is there, is packed (web/local.mk) and fetched early (index.html); nothing asks another host.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "../../../web");
const modules = readdirSync(join(web, "js"), { recursive: true })
	.map(String)
	.filter((n) => n.endsWith(".js"))
	.map((n) => "js/" + n);
const read = (name) => readFileSync(join(web, name), "utf8");

test("every module is packed, and fetched early", () => {
	const [pack, dist] = read("local.mk").split("EXTRA_DIST");
	const page = read("index.html");

	assert.ok(modules.length > 20);
	for (const m of modules) {
		assert.ok(pack.split(/\s+/).includes(m), `${m} is not in web_files`);
		assert.ok(dist.includes(`/${m}`), `${m} is not in EXTRA_DIST`);
		assert.ok(page.includes(`<link rel="modulepreload" href="/assets/dev/${m}">`), `${m} is not in index.html`);
	}
});

test("what is imported is there", () => {
	for (const m of modules) {
		for (const [, from] of read(m).matchAll(/^(?:import|\} from).*"(\.[^"]+)"/gm))
			assert.ok(modules.includes(relative(web, join(web, dirname(m), from))), `${m}: ${from}`);
	}
});

test("no markup from strings, no other host, nothing that the policy forbids", () => {
	for (const m of modules) {
		const text = read(m);

		assert.doesNotMatch(
			text,
			/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("(?:style|on)/,
			m,
		);
		for (const [, host] of text.matchAll(/https?:\/\/([a-z0-9.-]+)/g))
			assert.equal(host, "www.w3.org", m);
	}
	assert.doesNotMatch(read("index.html"), /<script(?![^>]*src=)|\son\w+=|\sstyle=|(?:src|href)="(?:https?:)?\/\//);
	assert.doesNotMatch(read("css/style.css"), /@import|url\(/);
});

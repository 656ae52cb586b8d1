// far.mjs - what is outside the browser: daemons, telnet and IRC clients, by far.py; and a proxy whose connections can be cut.

import { spawn } from "node:child_process";
import net from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export class Far {
	#serial = 0;
	#asked = new Map();
	#ended = false;
	#proc;

	constructor() {
		this.#proc = spawn("python3", [fileURLToPath(new URL("far.py", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
		createInterface({ input: this.#proc.stdout }).on("line", (line) => this.#answer(JSON.parse(line)));
		this.#proc.stdin.on("error", () => {}); // its end is told below
		this.#proc.on("exit", () => {
			this.#ended = true;
			this.#asked.forEach((a) => a.fail(new Error("far.py has ended")));
		});
	}

	#answer({ id, is, error }) {
		const { done, fail } = this.#asked.get(id);

		this.#asked.delete(id);
		if (error !== undefined)
			fail(new Error(error));
		else
			done(is?.handle ? this.#thing(is.handle) : is);
	}

	/** Any method of a thing there can be called: await thing.method(...). */
	#thing(handle) {
		return new Proxy({}, { get: (_, name) => (name === "then" ? undefined : (...args) => this.#ask(handle, name, args)) });
	}

	#ask(on, what, args) {
		const id = ++this.#serial;

		if (this.#ended)
			return Promise.reject(new Error("far.py has ended"));
		this.#proc.stdin.write(JSON.stringify({ id, on, do: what, args }) + "\n");
		return new Promise((done, fail) => this.#asked.set(id, { done, fail }));
	}

	/** A daemon; config is merged into the tests' own. */
	world(config = {}) {
		return this.#ask(0, "new", [config]);
	}

	end() {
		const gone = this.#ended || new Promise((done) => this.#proc.on("exit", done));

		this.#proc.stdin.end();
		return gone;
	}
}

/** A way to a port that can be closed, and all who go by it cut off. */
export class Way {
	#pairs = new Set();
	open = true;

	static async to(port) {
		const way = new Way();

		way.server = net.createServer((near) => way.#pass(near, port));
		await new Promise((done) => way.server.listen(0, "127.0.0.1", done));
		way.port = way.server.address().port;
		return way;
	}

	#pass(near, port) {
		if (!this.open) {
			near.destroy();
			return;
		}
		const far = net.connect(port, "127.0.0.1");

		this.#pairs.add(near).add(far);
		for (const [a, b] of [[near, far], [far, near]]) {
			a.pipe(b);
			a.on("error", () => b.destroy());
			a.on("close", () => {
				this.#pairs.delete(a);
				b.destroy();
			});
		}
	}

	cut() {
		this.#pairs.forEach((s) => s.resetAndDestroy());
	}

	end() {
		this.cut();
		this.server.close();
	}
}

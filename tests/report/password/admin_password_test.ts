/** Who is let in at the admin address, by a file of users: the same hashes as `basic_auth` takes. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { AdminPassword, type CompareCrypt } from "../../../lib/report/password/admin_password.ts";
import { parseAdminUsers } from "../../../lib/report/password/admin_users.ts";
import { CryptCheck } from "../../../lib/report/password/crypt_check.ts";
import { shaCrypt } from "../../../lib/report/password/sha_crypt.ts";
import { eventually } from "../../harness/eventually.ts";
import { HandClock } from "../../harness/hand_clock.ts";

/** All of "secret". */
const HASHES = {
  sha: "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
  bcrypt: "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u",
  sha256: "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
  sha512:
    "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
} as const;

const basic = (user: string, password: string) =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;

async function withFile(
  text: string,
  act: (password: AdminPassword, path: string, clock: HandClock, compared: string[]) => Promise<void>,
  compareCrypt?: CompareCrypt,
): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "signalbox-users-" });
  const clock = new HandClock();
  const compared: string[] = [];
  const compare: CompareCrypt = compareCrypt ?? ((_, hash) => {
    compared.push(hash);
    return Promise.resolve(false);
  });
  try {
    await Deno.writeTextFile(path, text);
    await act(new AdminPassword({ path, clock, compareCrypt: compare }), path, clock, compared);
  } finally {
    await Deno.remove(path).catch(() => undefined);
  }
}

/** The verdict about a header that comes from an address. */
const judge = (password: AdminPassword, header: string | null, address = "192.0.2.1") =>
  password.judge(header, address);

async function hexOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("each kind of hash lets in who knows its password, and nobody else", async () => {
  const crypt = new CryptCheck(systemClock);
  const users = { ...HASHES, salted: `{SHA256}salt$${await hexOf("saltsecret")}` };
  const text = Object.entries(users).map(([user, hash]) => `${user}:${hash}`).join("\n");
  try {
    await withFile(`# those who may look\n\n${text}\r\n`, async (password) => {
      for (const user of Object.keys(users)) {
        assert.equal(await judge(password, basic(user, "secret")), "in", user);
        assert.equal(await judge(password, basic(user, "Secret")), "out", user);
      }
      assert.equal(await judge(password, basic("nobody", "secret")), "out");
    }, (given, hash) => crypt.isRight(given, hash));
  } finally {
    crypt.close();
  }
});

Deno.test("passwords are UTF-8 and may have colons; what is no Basic authentication lets nobody in", async () => {
  const hash = await hexOf("xschlüssel: ☃");
  await withFile(`ann:{SHA256}x$${hash}`, async (password) => {
    assert.equal(await judge(password, basic("ann", "schlüssel: ☃")), "in");
    for (
      const wrong of [null, "", "Basic", "Basic !!!", "Bearer abc", `Basic ${btoa("ann")}`, basic("", "")]
    ) {
      assert.equal(await judge(password, wrong), "out", String(wrong));
    }
  });
});

Deno.test("after ten wrong passwords in ten seconds nothing of that client is compared, and all of others is", async () => {
  const hash = await hexOf("xright");
  await withFile(`ann:{SHA256}x$${hash}\nbob:{SHA256}x$${hash}`, async (password, _, clock) => {
    assert.equal(await judge(password, basic("ann", "right")), "in");
    for (let count = 0; count < 10; count++) {
      assert.equal(await judge(password, basic("ann", `wrong ${count}`)), "out");
    }
    assert.equal(await judge(password, basic("bob", "right")), "later");
    assert.equal(await judge(password, basic("bob", "right"), "::ffff:192.0.2.1"), "later");
    assert.equal(await judge(password, basic("ann", "right")), "in");
    assert.equal(await judge(password, basic("bob", "right"), "192.0.2.2"), "in");
    clock.pass(10_000);
    assert.equal(await judge(password, basic("carl", "right")), "out");
  });
});

Deno.test("an IPv6 network with 64 bits is one client, and so are all that come by a socket", async () => {
  for (const [all, other] of [["2001:db8:0:1", "2001:db8:0:2::1"], ["", "192.0.2.2"]] as const) {
    await withFile(`ann:{SHA256}x$${await hexOf("xright")}`, async (password) => {
      for (let count = 0; count < 10; count++) {
        const address = all && `${all}::${count}`;
        assert.equal(await judge(password, basic("ann", `wrong ${count}`), address), "out");
      }
      assert.equal(await judge(password, basic("ann", "right"), all && `${all}::ffff`), "later");
      assert.equal(await judge(password, basic("ann", "right"), other), "in");
    });
  }
});

Deno.test("however many clients are wrong, who has not been is let in, and who has been waits", async () => {
  await withFile(`ann:{SHA256}x$${await hexOf("xright")}`, async (password, _, clock) => {
    assert.equal(await judge(password, basic("ann", "wrong"), "198.51.100.1"), "out");
    for (let count = 0; count < 3_000; count++) {
      const address = `10.0.${count >> 8}.${count & 255}`;
      assert.equal(await judge(password, basic("ann", `wrong ${count}`), address), "out");
    }
    assert.equal(await judge(password, basic("ann", "right"), "10.0.11.100"), "later");
    assert.equal(await judge(password, basic("ann", "right"), "198.51.100.2"), "in");
    clock.pass(10_000);
    assert.equal(await judge(password, basic("ann", "wrong"), "10.0.11.100"), "out");
  });
});

Deno.test("a slow hash is compared once for who is right, and for names that are nobody's too", async () => {
  const compared: string[] = [];
  await withFile(`ann:${HASHES.bcrypt}`, async (password) => {
    for (let count = 0; count < 5; count++) assert.equal(await judge(password, basic("ann", "secret")), "in");
    assert.equal(compared.length, 1);
    assert.equal(await judge(password, basic("nobody", "secret")), "out");
    assert.deepEqual(compared, [HASHES.bcrypt, HASHES.bcrypt]);
  }, (given, hash) => {
    compared.push(hash);
    return Promise.resolve(given === "secret");
  });
});

Deno.test("of a client so many guesses are compared at once, and another's waits for no more than these", async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  await withFile(`ann:${HASHES.bcrypt}`, async (password) => {
    let later = 0;
    const guesses = Array.from({ length: 30 }, async (_, at) => {
      const verdict = await judge(password, basic("ann", `${at}`));
      if (verdict === "later") later++;
    });
    await eventually(() => later === 26, { what: "the others to be refused" });
    const other = judge(password, basic("ann", "secret"), "192.0.2.2");
    resolve(true);
    assert.equal(await other, "in");
    await Promise.all(guesses);
    assert.equal(later, 26);
  }, () => promise);
});

Deno.test("a browser that asks for several things at once has its password compared once", async () => {
  const compared: string[] = [];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  await withFile(`ann:${HASHES.bcrypt}`, async (password) => {
    assert.equal(await judge(password, null), "out");
    const all = Array.from({ length: 12 }, () => judge(password, basic("ann", "secret")));
    resolve(true);
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["in"]));
    assert.equal(compared.length, 1);
  }, (_, hash) => {
    compared.push(hash);
    return promise;
  });
});

Deno.test("a change of the file counts at once, and a file that is gone or broken lets nobody in", async () => {
  const [one, two] = [await hexOf("xone"), await hexOf("xtwo")];
  await withFile(`ann:{SHA256}x$${one}`, async (password, path) => {
    assert.equal(await judge(password, basic("ann", "one")), "in");
    await Deno.writeTextFile(path, `ann:{SHA256}x$${two}\n# longer`);
    assert.equal(await judge(password, basic("ann", "one")), "out");
    assert.equal(await judge(password, basic("ann", "two")), "in");
    await Deno.writeTextFile(path, `ann:{SHA256}x$${two}\nbroken`);
    assert.equal(await judge(password, basic("ann", "two")), "out");
    await Deno.remove(path);
    assert.equal(await judge(password, basic("ann", "two")), "out");
  });
});

Deno.test("a file is refused with its line and what would be right, and without what stands there", () => {
  const refusal = (text: string) => {
    const users = parseAdminUsers(text);
    return users.ok ? "" : users.expected;
  };
  assert.match(refusal(""), /^a line user:hash; signalbox password USER makes one$/);
  assert.match(refusal("# none\nann:plain"), /^in line 2 no password as plain text, but /);
  assert.match(
    refusal(`ann:${"$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe."}`),
    /^in line 1 no hash of yescrypt's \(\$y\$\), .* but \{SHA256\} .*, bcrypt \(\$2b\$\), .*\$5\$, \$6\$\), or \{SHA\}$/,
  );
  assert.doesNotMatch(refusal("ann:hunter2"), /hunter2/);
  assert.match(
    refusal(Array.from({ length: 101 }, (_, at) => `u${at}:${HASHES.sha}`).join("\n")),
    /^at most 100/,
  );
});

Deno.test("crypt's SHA hashes are those of its specification and of openssl", () => {
  const known: readonly (readonly [password: string, hash: string])[] = [
    ["Hello world!", "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"],
    ["Hello world!", "$5$saltstringsaltst$a5C8Ofk71MUIoKve2QuP9FMl.dwNgseF5tR1LGAL7iB"],
    ["x", "$5$saltstringsaltst$GJcDDr/LiUc9n4.lvpdc1ryQhVapvtYYB0IGJYN7hSA"],
    ["x", "$6$ab$jnZj29NS/hK2GaouP6AGMIBwD6owZFRejcn9QRdlwSjZaVr.fR9dH2TXrKL/PaacUXwtGfI.4O9zxvy2k6fbE1"],
    ["a".repeat(79), "$5$saltstringsaltst$lh9qXS8gOtFuarop0AOmeWQ/jwQJMqRi8WWZRb5uIq6"],
    [
      "a".repeat(79),
      "$6$ab$Zn65aHqyk2INAXIwjk0EKJX9BhtXtxdZ67CwJN9rZMSaa0oXcLvU9BsLPOFQnnNer76X/ToUd65F6yDXyJ6G7.",
    ],
  ];
  for (const [password, hash] of known) assert.equal(shaCrypt(password, hash), hash);
  assert.equal(shaCrypt("x", "$1$salt$abc"), undefined);
});

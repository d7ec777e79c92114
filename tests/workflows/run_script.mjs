// Runs a script of actions/github-script with a GitHub that only remembers: `node run_script.mjs CASE.json`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { script, context, pull, comments, issues } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const done = [];
const remember = (what) => async (given) => {
  done.push({ what, ...given });
  return { data: pull };
};
const rest = {
  pulls: { get: async () => ({ data: pull }) },
  issues: {
    listComments: "comments",
    listForRepo: "issues",
    updateComment: remember("updateComment"),
    createComment: remember("createComment"),
    update: remember("update"),
    create: remember("create"),
  },
};
const github = { rest, paginate: async (what) => (what === "comments" ? comments : issues) };
const core = { notice: (message) => done.push({ what: "notice", message }) };
const run = Object.getPrototypeOf(async () => {}).constructor("github", "context", "core", "require", script);
try {
  await run(github, context, core, createRequire(import.meta.url));
} catch (error) {
  done.push({ what: "error", message: error.message });
}
console.log(JSON.stringify(done));

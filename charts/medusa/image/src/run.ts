// Runs a part of the set-up as Medusa's CLI does, but ends with status 1 when it fails: the CLI
// prints what went wrong, such as a database out of reach, and ends with 0.
//
//   node src/run.js migrate|migration-scripts|seed

import runScript from "@medusajs/medusa/commands/exec"
import migrate from "@medusajs/medusa/commands/db/migrate"
import runMigrationScripts from "@medusajs/medusa/commands/db/run-scripts"

const directory = process.cwd()

const parts: Record<string, () => Promise<unknown>> = {
  migrate: () =>
    migrate({
      directory,
      executeSafeLinks: true,
      executeAllLinks: false,
      skipLinks: false,
      // They would run in a child whose failure goes unnoticed.
      skipScripts: true,
    }),
  "migration-scripts": () => runMigrationScripts({ directory }),
  seed: () => runScript({ file: "./src/scripts/seed.js", args: [] }),
}

const part = parts[process.argv[2]]
if (!part) {
  console.error(`usage: run.js ${Object.keys(parts).join("|")}`)
  process.exit(2)
}
part().catch((error) => {
  console.error(error)
  process.exit(1)
})

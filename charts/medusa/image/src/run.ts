// Runs a part of the set-up as Medusa's CLI does, but one run at a time, and ends with status 1 when
// it fails: the CLI prints what went wrong, such as a failed migration script, and ends with 0.
//
//   node src/run.js migrate|seed

import { ContainerRegistrationKeys } from "@medusajs/framework/utils"
import { migrate } from "@medusajs/medusa/commands/db/migrate"
import { runMigrationScripts } from "@medusajs/medusa/commands/db/run-scripts"
import runScript from "@medusajs/medusa/commands/exec"
import { initializeContainer } from "@medusajs/medusa/loaders/index"

const directory = process.cwd()

type Container = Awaited<ReturnType<typeof initializeContainer>>

// An upgrade starts its set-up before it stops the last one's: two at once would both find nothing.
// The lock goes with its connection, however this process ends.
async function waitForOthers(container: Container) {
  const database = container.resolve(ContainerRegistrationKeys.PG_CONNECTION)
  const connection = await database.client.acquireConnection()
  await database.raw("SELECT pg_advisory_lock(hashtext('store_setup'))").connection(connection)
}

const parts: Record<string, (container: Container) => Promise<unknown>> = {
  migrate: async (container) => {
    const logger = container.resolve(ContainerRegistrationKeys.LOGGER)
    await migrate({
      directory,
      container,
      logger,
      executeSafeLinks: true,
      executeAllLinks: false,
      skipLinks: false,
      // They would run in a child whose failure goes unnoticed.
      skipScripts: true,
    })
    await runMigrationScripts({ directory, container, logger })
  },
  seed: () => runScript({ file: "./src/scripts/seed.js", args: [] }),
}

async function run(part: string) {
  if (!(part in parts)) {
    throw new Error(`usage: run.js ${Object.keys(parts).join("|")}`)
  }
  const container = await initializeContainer(directory)
  await waitForOthers(container)
  await parts[part](container)
}

run(process.argv[2]).then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  }
)

import { defineConfig } from "@medusajs/framework/utils"

const redisUrl = process.env.REDIS_URL
const https = (process.env.STORE_URL ?? "").startsWith("https://")

const redisModules = [
  { resolve: "@medusajs/medusa/cache-redis", options: { redisUrl } },
  { resolve: "@medusajs/medusa/event-bus-redis", options: { redisUrl } },
  { resolve: "@medusajs/medusa/workflow-engine-redis", options: { redis: { url: redisUrl } } },
  {
    resolve: "@medusajs/medusa/locking",
    options: {
      providers: [
        {
          resolve: "@medusajs/medusa/locking-redis",
          id: "locking-redis",
          is_default: true,
          options: { redisUrl },
        },
      ],
    },
  },
]

const s3 = {
  resolve: "@medusajs/medusa/file-s3",
  id: "s3",
  options: {
    file_url: process.env.S3_FILE_URL,
    access_key_id: process.env.S3_ACCESS_KEY_ID,
    secret_access_key: process.env.S3_SECRET_ACCESS_KEY,
    region: process.env.S3_REGION,
    bucket: process.env.S3_BUCKET,
    endpoint: process.env.S3_ENDPOINT,
  },
}

const localFiles = {
  resolve: "@medusajs/medusa/file-local",
  id: "local",
  options: { backend_url: `${process.env.STORE_URL ?? "http://localhost:9000"}/static` },
}

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    // PostgreSQL stands beside us and speaks no TLS; the default in production insists on it.
    databaseDriverOptions: { ssl: false, sslmode: "disable" },
    redisUrl,
    workerMode: (process.env.MEDUSA_WORKER_MODE ?? "shared") as "shared" | "server" | "worker",
    http: {
      storeCors: process.env.STORE_CORS!,
      adminCors: process.env.ADMIN_CORS!,
      authCors: process.env.AUTH_CORS!,
      jwtSecret: process.env.JWT_SECRET,
      cookieSecret: process.env.COOKIE_SECRET,
    },
    // A browser drops a secure cookie that comes over plain HTTP, and nobody could log in.
    cookieOptions: https ? {} : { secure: false, sameSite: "lax" },
  },
  admin: { disable: process.env.DISABLE_MEDUSA_ADMIN === "true" },
  modules: [
    // Without Redis, as when the image is built, Medusa's in-memory modules serve.
    ...(redisUrl ? redisModules : []),
    {
      resolve: "@medusajs/medusa/file",
      options: { providers: [process.env.S3_BUCKET ? s3 : localFiles] },
    },
  ],
})

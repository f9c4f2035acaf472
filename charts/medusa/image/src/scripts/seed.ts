import type { ExecArgs } from "@medusajs/framework/types"
import { ContainerRegistrationKeys, Modules, ProductStatus } from "@medusajs/framework/utils"
import {
  createApiKeysWorkflow,
  createProductsWorkflow,
  createRegionsWorkflow,
  createSalesChannelsWorkflow,
  createShippingOptionsWorkflow,
  createShippingProfilesWorkflow,
  createStockLocationsWorkflow,
  createTaxRegionsWorkflow,
  deleteProductsWorkflow,
  deleteShippingOptionsWorkflow,
  linkSalesChannelsToApiKeyWorkflow,
  linkSalesChannelsToStockLocationWorkflow,
  updateProductsWorkflow,
  updateStoresWorkflow,
} from "@medusajs/medusa/core-flows"

// Makes an empty Medusa a shop that takes orders. Runs again after every change of its inputs and
// after every failure, so each step looks first for what it would create, and finishes or replaces
// what a killed run left half made. What the merchant has changed since stays.

type Container = ExecArgs["container"]

const DEMO_PRODUCTS = [
  { handle: "demo-mug", title: "Demo mug", price: 12 },
  { handle: "demo-shirt", title: "Demo T-shirt", price: 25 },
  { handle: "demo-bag", title: "Demo tote bag", price: 18 },
]

function setting(name: string): string {
  const value = process.env[name]
  if (!value) {
    throw new Error(`${name} is not set`)
  }
  return value
}

async function ensureSalesChannel(container: Container) {
  const name = "Default Sales Channel"
  const [found] = await container.resolve(Modules.SALES_CHANNEL).listSalesChannels({ name })
  if (found) {
    return found
  }
  const { result } = await createSalesChannelsWorkflow(container).run({
    input: { salesChannelsData: [{ name }] },
  })
  return result[0]
}

async function configureStore(container: Container, salesChannelId: string, currency: string) {
  const [store] = await container
    .resolve(Modules.STORE)
    .listStores({}, { relations: ["supported_currencies"] })
  const others = (store.supported_currencies ?? [])
    .map(({ currency_code }) => currency_code)
    .filter((code) => code !== currency)
  await updateStoresWorkflow(container).run({
    input: {
      selector: { id: store.id },
      update: {
        name: setting("STORE_TITLE"),
        default_sales_channel_id: store.default_sales_channel_id ?? salesChannelId,
        // Currencies that the merchant has added stay.
        supported_currencies: [
          { currency_code: currency, is_default: true },
          ...others.map((currency_code) => ({ currency_code, is_default: false })),
        ],
        metadata: { ...store.metadata, locale: setting("SHOP_LOCALE") },
      },
    },
  })
}

// A country belongs to one region at most.
async function ensureRegion(container: Container, country: string, currency: string) {
  const provider = "pp_system_default"
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const { data: regions } = await query.graph({
    entity: "region",
    fields: ["id", "countries.iso_2", "payment_providers.id"],
  })
  const found = regions.find((region) => region.countries?.some((c) => c?.iso_2 === country))
  if (!found) {
    await createRegionsWorkflow(container).run({
      input: {
        regions: [
          {
            name: country.toUpperCase(),
            currency_code: currency,
            countries: [country],
            payment_providers: [provider],
          },
        ],
      },
    })
  } else if (!found.payment_providers?.length) {
    await container.resolve(ContainerRegistrationKeys.LINK).create({
      [Modules.REGION]: { region_id: found.id },
      [Modules.PAYMENT]: { payment_provider_id: provider },
    })
  }
}

async function ensureTaxRegion(container: Container, country: string) {
  const [found] = await container.resolve(Modules.TAX).listTaxRegions({ country_code: country })
  if (!found) {
    await createTaxRegionsWorkflow(container).run({
      input: [{ country_code: country, provider_id: "tp_system" }],
    })
  }
}

async function ensureStockLocation(container: Container, country: string) {
  const name = "Warehouse"
  const [found] = await container.resolve(Modules.STOCK_LOCATION).listStockLocations({ name })
  if (found) {
    return found
  }
  const { result } = await createStockLocationsWorkflow(container).run({
    input: { locations: [{ name, address: { country_code: country, address_1: "" } }] },
  })
  return result[0]
}

async function ensureShippingProfile(container: Container) {
  const [found] = await container
    .resolve(Modules.FULFILLMENT)
    .listShippingProfiles({ type: "default" })
  if (found) {
    return found
  }
  const { result } = await createShippingProfilesWorkflow(container).run({
    input: { data: [{ name: "Default", type: "default" }] },
  })
  return result[0]
}

async function ensureServiceZone(container: Container, country: string) {
  const name = `Delivery ${country.toUpperCase()}`
  const fulfillment = container.resolve(Modules.FULFILLMENT)
  const [found] = await fulfillment.listFulfillmentSets({ name }, { relations: ["service_zones"] })
  const set =
    found ??
    (await fulfillment.createFulfillmentSets({
      name,
      type: "shipping",
      service_zones: [{ name, geo_zones: [{ type: "country", country_code: country }] }],
    }))
  return { setId: set.id, zoneId: set.service_zones[0].id }
}

// Of a run that was killed: no customer can choose it, and the next option would stand beside it.
async function removeUnpricedOptions(container: Container, zoneId: string) {
  const { data: options } = await container.resolve(ContainerRegistrationKeys.QUERY).graph({
    entity: "shipping_option",
    fields: ["id", "price_type", "prices.id"],
    filters: { service_zone_id: zoneId },
  })
  const unpriced = options.filter((o) => o.price_type === "flat" && !o.prices?.length)
  if (unpriced.length > 0) {
    await deleteShippingOptionsWorkflow(container).run({
      input: { ids: unpriced.map(({ id }) => id) },
    })
  }
  return options.length - unpriced.length
}

async function ensureShipping(container: Container, country: string, currency: string) {
  const location = await ensureStockLocation(container, country)
  const profile = await ensureShippingProfile(container)
  const { setId, zoneId } = await ensureServiceZone(container, country)

  // Creating a link that exists changes nothing.
  const link = container.resolve(ContainerRegistrationKeys.LINK)
  const stockLocation = { [Modules.STOCK_LOCATION]: { stock_location_id: location.id } }
  await link.create([
    { ...stockLocation, [Modules.FULFILLMENT]: { fulfillment_provider_id: "manual_manual" } },
    { ...stockLocation, [Modules.FULFILLMENT]: { fulfillment_set_id: setId } },
  ])

  if ((await removeUnpricedOptions(container, zoneId)) === 0) {
    await createShippingOptionsWorkflow(container).run({
      input: [
        {
          name: "Free shipping",
          price_type: "flat",
          provider_id: "manual_manual",
          service_zone_id: zoneId,
          shipping_profile_id: profile.id,
          type: { label: "Standard", description: "Free shipping", code: "standard" },
          prices: [{ currency_code: currency, amount: 0 }],
          rules: [
            { attribute: "enabled_in_store", operator: "eq", value: "true" },
            { attribute: "is_return", operator: "eq", value: "false" },
          ],
        },
      ],
    })
  }
  return { locationId: location.id, profileId: profile.id }
}

async function ensurePublishableKey(container: Container, salesChannelId: string) {
  const title = "Storefront"
  const [found] = await container
    .resolve(Modules.API_KEY)
    .listApiKeys({ title, type: "publishable" })
  const key =
    found ??
    (
      await createApiKeysWorkflow(container).run({
        input: { api_keys: [{ title, type: "publishable", created_by: "" }] },
      })
    ).result[0]
  await linkSalesChannelsToApiKeyWorkflow(container).run({
    input: { id: key.id, add: [salesChannelId] },
  })
  return key.token
}

// The workflow makes products, variants and prices in separate transactions. Until all are there the
// products are drafts with this mark.
const UNFINISHED = { unfinished: true }

async function removeUnfinishedProducts(container: Container) {
  const products = await container.resolve(Modules.PRODUCT).listProducts(
    // Deleted ones too: the merchant didn't want them.
    { handle: DEMO_PRODUCTS.map(({ handle }) => handle) },
    { withDeleted: true }
  )
  const [unfinished, kept] = [true, false].map((wanted) =>
    products.filter(({ metadata }) => Boolean(metadata?.unfinished) === wanted)
  )
  const ids = unfinished.filter(({ deleted_at }) => !deleted_at).map(({ id }) => id)
  if (ids.length > 0) {
    await deleteProductsWorkflow(container).run({ input: { ids } })
  }
  return new Set(kept.map(({ handle }) => handle))
}

async function ensureDemoProducts(
  container: Container,
  salesChannelId: string,
  profileId: string,
  currency: string
) {
  const existing = await removeUnfinishedProducts(container)
  const missing = DEMO_PRODUCTS.filter(({ handle }) => !existing.has(handle))
  if (missing.length === 0) {
    return
  }
  const { result } = await createProductsWorkflow(container).run({
    input: {
      products: missing.map(({ handle, title, price }) => ({
        handle,
        title,
        status: ProductStatus.DRAFT,
        metadata: UNFINISHED,
        shipping_profile_id: profileId,
        sales_channels: [{ id: salesChannelId }],
        options: [{ title: "Variant", values: ["Default"] }],
        variants: [
          {
            title: "Default",
            sku: handle,
            manage_inventory: false,
            options: { Variant: "Default" },
            prices: [{ currency_code: currency, amount: price }],
          },
        ],
      })),
    },
  })
  await updateProductsWorkflow(container).run({
    input: {
      selector: { id: result.map(({ id }) => id) },
      update: { status: ProductStatus.PUBLISHED, metadata: null },
    },
  })
}

// An earlier run may have failed between identity and user.
async function ensureAdmin(container: Container, email: string, password: string) {
  const users = container.resolve(Modules.USER)
  const auth = container.resolve(Modules.AUTH)

  let [identity] = await auth.listAuthIdentities({
    provider_identities: { entity_id: email, provider: "emailpass" },
  })
  if (!identity) {
    const { authIdentity, error } = await auth.register("emailpass", { body: { email, password } })
    if (!authIdentity) {
      throw new Error(`registering ${email}: ${error}`)
    }
    identity = authIdentity
  }
  const [user] = await users.listUsers({ email })
  const { id } = user ?? (await users.createUsers({ email }))
  await auth.updateAuthIdentities({ id: identity.id, app_metadata: { user_id: id } })
}

// The database is migrated for this image, and holds what Medusa creates when it starts and misses
// it, which several starting at once would double. Before the rest: a shop without demo products is
// better than none. In a schema of its own: Medusa compares the public one with its models.
async function letServersStart(container: Container) {
  const database = container.resolve(ContainerRegistrationKeys.PG_CONNECTION)
  await database.raw("CREATE SCHEMA IF NOT EXISTS store_setup")
  await database.raw("CREATE TABLE IF NOT EXISTS store_setup.migrated (image text PRIMARY KEY)")
  await database.raw("INSERT INTO store_setup.migrated VALUES (?) ON CONFLICT DO NOTHING", [
    setting("MEDUSA_IMAGE"),
  ])
}

async function setUp(container: Container) {
  const country = setting("SHOP_COUNTRY").toLowerCase()
  const currency = setting("SHOP_CURRENCY").toLowerCase()

  const salesChannel = await ensureSalesChannel(container)
  await configureStore(container, salesChannel.id, currency)
  await ensureRegion(container, country, currency)
  await ensureTaxRegion(container, country)
  const { locationId, profileId } = await ensureShipping(container, country, currency)
  await linkSalesChannelsToStockLocationWorkflow(container).run({
    input: { id: locationId, add: [salesChannel.id] },
  })
  const token = await ensurePublishableKey(container, salesChannel.id)
  if (process.env.SHOP_DEMO_PRODUCTS === "true") {
    await ensureDemoProducts(container, salesChannel.id, profileId, currency)
  }
  await ensureAdmin(container, setting("ADMIN_EMAIL"), setting("ADMIN_PASSWORD"))
  return token
}

export default async function seed({ container }: ExecArgs) {
  await letServersStart(container)
  const token = await setUp(container)
  // Not a secret: every browser that opens the storefront gets it.
  container
    .resolve(ContainerRegistrationKeys.LOGGER)
    .info(`the shop is set up: ${setting("STORE_URL")}, publishable key ${token}`)
}

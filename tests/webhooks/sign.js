'use strict';

// Signs messages as their senders do: with the senders' own packages where they
// publish one that signs, and as their documentation says where they do not.
//
//   node sign.js NOW < bodies.json
//
// NOW is the time of signing in milliseconds since 1970, stdin a list of bodies;
// stdout is a list of signed requests.

const crypto = require('node:crypto');
const fs = require('node:fs');

/**
 * @typedef {object} Signed
 * @property {string} sender the name in pack.json
 * @property {string} by what signed it
 * @property {string} secret what the endpoint must know
 * @property {string} target the request's path and query
 * @property {Record<string, string>} headers
 * @property {string} body
 * @property {boolean} timed whether the time is signed
 */

const now = Number(process.argv[2]);
Date.now = () => now;

const secret = 'a secret of the shop: ü§$';
const target = '/_pack/webhooks/cms?from=space%201&x=1';

/** @type {Record<string, (body: string) => Promise<Partial<Signed>> | Partial<Signed>>} */
const signers = {
  async sanity(body) {
    const { encodeSignatureHeader, SIGNATURE_HEADER_NAME, isValidSignature } = require('@sanity/webhook');
    const value = await encodeSignatureHeader(body, now, secret);
    must(await isValidSignature(body, value, secret));
    return { by: '@sanity/webhook', headers: { [SIGNATURE_HEADER_NAME]: value }, timed: true };
  },
  contentful(body) {
    const { signRequest, verifyRequest } = require('@contentful/node-apps-toolkit');
    const key = '0123456789abcdefABCDEF+/=_-0123456789abcdefABCDEF+/=_-0123456789';
    const own = {
      'content-type': 'application/vnd.contentful.management.v1+json',
      'x-contentful-topic': 'ContentManagement.Entry.publish',
      'x-contentful-webhook-name': 'the shop',
    };
    const signed = signRequest(key, { method: 'POST', path: target, headers: { ...own }, body }, now);
    const headers = { ...own, ...signed };
    must(verifyRequest(key, { method: 'POST', path: target, headers, body }, 300));
    return { by: '@contentful/node-apps-toolkit', secret: key, headers, timed: true };
  },
  hygraph(body) {
    const { generateWebhookSignature, verifyWebhookSignature } = require('@hygraph/utils');
    const signature = generateWebhookSignature({ rawPayload: body, environmentName: 'master', secret });
    must(verifyWebhookSignature({ rawPayload: body, signature, secret }));
    return { by: '@hygraph/utils', headers: { 'gcms-signature': signature }, timed: true };
  },
  'kontent-ai'(body) {
    const { signatureHelper } = require('@kontent-ai/webhook-helper');
    const hash = signatureHelper.getHashFromString(body, secret);
    must(signatureHelper.isValidSignatureFromString(body, secret, hash));
    return { by: '@kontent-ai/webhook-helper', headers: { 'x-kontent-ai-signature': hash } };
  },
  'kontent-ai older'(body) {
    const { signatureHelper } = require('@kontent-ai/webhook-helper');
    return { by: '@kontent-ai/webhook-helper', headers: { 'x-kc-signature': signatureHelper.getHashFromString(body, secret) } };
  },
  async github(body) {
    const { sign } = await import('@octokit/webhooks-methods');
    return {
      by: '@octokit/webhooks-methods',
      headers: { 'x-hub-signature-256': await sign(secret, body), 'x-github-event': 'push', 'x-github-delivery': crypto.randomUUID() },
    };
  },
  'standard-webhooks'(body) {
    const { Webhook } = require('standardwebhooks');
    const key = 'whsec_' + Buffer.from(secret).toString('base64');
    const hook = new Webhook(key);
    const headers = {
      'webhook-id': 'msg_' + crypto.randomUUID(),
      'webhook-timestamp': String(Math.floor(now / 1000)),
    };
    headers['webhook-signature'] = hook.sign(headers['webhook-id'], new Date(now), body);
    hook.verify(body, headers, { jsonParse: false });
    return { by: 'standardwebhooks', secret: key, headers, timed: true };
  },
  async 'standard-webhooks of svix'(body) {
    const { Webhook } = await import('svix');
    const key = Buffer.from('older endpoints have no prefix').toString('base64');
    const id = 'msg_' + crypto.randomUUID();
    const headers = {
      'svix-id': id,
      'svix-timestamp': String(Math.floor(now / 1000)),
      'svix-signature': new Webhook(key).sign(id, new Date(now), body),
    };
    return { by: 'svix', secret: key, headers, timed: true };
  },
  async shopify(body) {
    const headers = {
      'x-shopify-hmac-sha256': crypto.createHmac('sha256', secret).update(body, 'utf8').digest('base64'),
      'x-shopify-topic': 'products/update', 'x-shopify-shop-domain': 'shop.example',
      'x-shopify-api-version': '2026-10', 'x-shopify-webhook-id': crypto.randomUUID(),
    };
    const answer = await shop().webhooks.validate({ rawBody: body, rawRequest: { headers, method: 'POST', url: target } });
    must(answer.valid);
    return { by: '@shopify/shopify-api, which validates it', headers };
  },
  async 'shopify events'(body) {
    const signed = await signers.shopify(body);
    const headers = Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.replace('x-shopify-', 'shopify-'), value]));
    const answer = await shop().webhooks.validate({ rawBody: body, rawRequest: { headers, method: 'POST', url: target } });
    must(answer.valid && answer.webhookType === 'events');
    return { ...signed, headers };
  },
  // As Storyblok's "Verifying Signatures in Different Technologies" makes it.
  storyblok(body) {
    const signature = crypto.createHmac('sha1', secret).update(body).digest('hex');
    return { by: "Storyblok's documentation", headers: { 'webhook-signature': signature } };
  },
  // As WC_Webhook::generate_signature makes it.
  woocommerce(body) {
    const signature = crypto.createHmac('sha256', secret).update(body).digest('base64');
    return {
      by: "WooCommerce's source",
      headers: { 'x-wc-webhook-signature': signature, 'x-wc-webhook-topic': 'product.updated', 'x-wc-webhook-delivery-id': crypto.randomUUID() },
    };
  },
  // As Contentstack's "Secure Your Webhooks" checks it; the body holds the time.
  contentstack(body) {
    const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
    const stamped = JSON.stringify({ triggered_at: new Date(now).toISOString(), module: 'entry', event: 'publish', body });
    const signature = crypto.sign('sha256', Buffer.from(stamped), {
      key: privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32,
    }).toString('base64');
    must(crypto.verify('sha256', Buffer.from(stamped), { key: publicKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING }, Buffer.from(signature, 'base64')));
    return {
      by: "Contentstack's documentation", secret: publicKey.export({ type: 'pkcs1', format: 'pem' }),
      headers: { 'x-contentstack-request-signature': 'v1=' + signature }, body: stamped, timed: true,
    };
  },
  // With the key as a variable often holds it: in one line, and of the other kind.
  'contentstack in a line'(body) {
    const signed = signers.contentstack(body);
    const key = crypto.createPublicKey(signed.secret).export({ type: 'spki', format: 'pem' });
    return { ...signed, secret: key.trim().replaceAll('\n', '\\n') };
  },
  'contentstack-hmac'(body) {
    const seconds = Math.floor(now / 1000);
    const sign = (key) => crypto.createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex');
    return {
      by: "Contentstack's documentation",
      headers: { 'x-contentstack-hmac-signature': `t=${seconds},v1=${sign('the next secret')},v1=${sign(secret)}` }, timed: true,
    };
  },
};

/** Shopify's library, set up as an app would. */
function shop() {
  require('@shopify/shopify-api/adapters/node');
  const { shopifyApi, ApiVersion, LogSeverity } = require('@shopify/shopify-api');
  return shopifyApi({
    apiKey: 'key', apiSecretKey: secret, hostName: 'shop.example', isEmbeddedApp: false,
    apiVersion: Object.values(ApiVersion).pop(), logger: { level: LogSeverity.Error }, userAgentPrefix: '', isTesting: true,
  });
}

/** @param {boolean} valid */
function must(valid) {
  if (!valid) throw new Error("the sender's own check refuses what was just signed");
}

async function main() {
  /** @type {string[]} */
  const bodies = JSON.parse(fs.readFileSync(0, 'utf8'));
  /** @type {Signed[]} */
  const list = [];
  for (const body of bodies) {
    for (const [name, sign] of Object.entries(signers)) {
      const signed = await sign(body);
      list.push({ sender: name.split(' ')[0], by: '', secret, target, headers: {}, body, timed: false, ...signed });
    }
  }
  process.stdout.write(JSON.stringify(list));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

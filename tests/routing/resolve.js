'use strict'

// Answers requests with Next's own router. The first line of standard input is
// a JSON array of tables, every other line a request; one JSON line is written
// for each request.

const readline = require('node:readline')
const { resolveRoutes } = require('@next/routing')

/**
 * @typedef {{ table: number, target: string, host: string, headers: [string, string][] }} Request
 */

/** @param {any} table @param {Request} request */
async function resolve(table, request) {
  const url = new URL(`http://${request.host}${request.target}`)
  const headers = new Headers(request.headers)
  const result = await resolveRoutes({
    url,
    buildId: table.buildId,
    basePath: table.basePath || '',
    i18n: table.i18n,
    headers,
    requestBody: new ReadableStream(),
    pathnames: table.pathnames,
    routes: table.routes,
    invokeMiddleware: async () => ({}),
  })
  return {
    responded: Boolean(result.middlewareResponded),
    external: result.externalRewrite?.href ?? '',
    redirect: result.redirect?.url.href ?? '',
    status: result.redirect?.status ?? result.status ?? 0,
    pathname: result.resolvedPathname ?? '',
    path: result.invocationTarget?.pathname ?? '',
    query: result.resolvedQuery ?? {},
    headers: [...(result.resolvedHeaders ?? [])],
    matches: result.routeMatches ?? {},
  }
}

async function main() {
  let tables
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!tables) {
      tables = JSON.parse(line)
      continue
    }
    const request = JSON.parse(line)
    let answer
    try {
      answer = await resolve(tables[request.table], request)
    } catch (error) {
      answer = { error: String(error) }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

main()

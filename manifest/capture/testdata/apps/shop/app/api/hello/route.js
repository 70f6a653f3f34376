export const maxDuration = 120

export const GET = (request) => Response.json({ hello: request.url })

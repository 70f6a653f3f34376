import { setTimeout as sleep } from 'node:timers/promises'

/** Streams an HTTP answer in three pieces, chosen by the path of the URL. */
export const streamed = awslambda.streamifyResponse(async (event, stream) => {
  if (event.rawPath === '/throw') throw new TypeError('thrown')
  if (event.rawPath === '/raw') {
    stream.setContentType('text/csv')
    stream.write('a,b\n')
    stream.end()
    return
  }
  const http = awslambda.HttpResponseStream.from(stream, {
    statusCode: 203,
    headers: { 'Content-Type': 'text/plain', 'X-Number': 7 },
    cookies: ['n=1', 'm=2'],
  })
  for (const piece of ['one ', 'two ', 'three']) {
    http.write(piece)
    await sleep(100)
  }
  if (event.rawPath === '/midfail') stream.destroy(new RangeError('late'))
  http.end()
})

/** Answers in one piece. */
export const buffered = async (event) => {
  if (event.rawPath === '/throw') throw new TypeError('thrown')
  return { statusCode: 202, headers: { 'X-Path': event.rawPath }, cookies: ['c=3'], body: Buffer.from('é').toString('base64'), isBase64Encoded: true }
}

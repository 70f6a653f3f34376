/** The least that a Node function can be, streaming as the others do. */
export const handler = awslambda.streamifyResponse(async (_event, stream) => {
  const http = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { 'Content-Type': 'text/plain' } })
  http.write('hello')
  http.end()
})

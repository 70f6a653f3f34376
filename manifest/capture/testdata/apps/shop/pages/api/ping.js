export default function ping(request, response) {
  response.json({ pong: true })
}

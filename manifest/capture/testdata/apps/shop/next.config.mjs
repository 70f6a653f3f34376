export default {
  redirects: () => [{ source: '/old/:path', destination: '/products/:path', permanent: true }],
}

// OpenNext as it is kindest to it on one machine: answers stream, pages and tags are
// files and memory instead of S3 and DynamoDB, nothing is refreshed or sent anywhere.
// The app's own build runs apart from OpenNext's step.
const config = {
  buildCommand: 'true',
  default: {
    override: {
      wrapper: 'aws-lambda-streaming',
      converter: 'aws-apigw-v2',
      incrementalCache: 'fs-dev',
      tagCache: 'fs-dev',
      queue: async () => ({ name: 'none', send: async () => {} }),
    },
  },
}

export default config

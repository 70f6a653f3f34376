'use strict'

// Checks templates with AWS's published models, strictly: warnings are errors.
// Prints a line for each finding that is not a mere remark, and fails then.
//
//   node validate.js TEMPLATE…

const { RegoEngine, TemplateFile } = require('@aws/cloudformation-validate')

const engine = new RegoEngine()
let findings = 0
try {
  for (const path of process.argv.slice(2)) {
    const report = engine.validateStandard(new TemplateFile(path), { strict: true, severityLevel: 'WARN' })
    for (const d of report.diagnostics) {
      findings++
      console.log(`${path}: ${d.severity} ${d.ruleId} ${d.propertyPath ?? ''} ${d.message}`)
    }
  }
} finally {
  engine.free()
}
process.exitCode = findings > 0 ? 1 : 0

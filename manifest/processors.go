package manifest

// ProcessorsVariable tells Go's runtime how many threads run Go code at a time
// (https://pkg.go.dev/runtime#hdr-Environment_Variables). Functions have it in
// their environment: to change it later would take a tenth of a cold start.
const ProcessorsVariable = "GOMAXPROCS"

// Processors is how many vCPUs Lambda gives a function of so many MB: one per
// 1,769 (AWS Lambda Developer Guide, "Configure Lambda function memory"), and at
// least a share of one. More threads than that only get into each other's way.
func Processors(memory int) int { return max(1, memory/1769) }

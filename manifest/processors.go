package manifest

// ProcessorsVariable tells Go's runtime how many threads run Go code at a time
// (https://pkg.go.dev/runtime#hdr-Environment_Variables). Functions have it in
// their environment: to change it later would take a tenth of a cold start.
const ProcessorsVariable = "GOMAXPROCS"

// MemoryPerProcessor is for how many MB Lambda gives a function one vCPU; one with
// less memory has a share of it (AWS Lambda Developer Guide, "Configure Lambda
// function memory").
const MemoryPerProcessor = 1769

// Processors is how many vCPUs a function of so many MB can use at a time. More
// threads than that only get into each other's way.
func Processors(memory int) int { return max(1, memory/MemoryPerProcessor) }

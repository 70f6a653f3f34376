package host

// RunCrons is for tests.
var RunCrons = runCrons

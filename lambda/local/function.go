package local

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Function is what the service needs to know of one Lambda function.
type Function struct {
	Name string // as AWS allows: 1 to 64 letters, digits, - and _
	// Command starts an instance; its first word is looked up in PATH. It must speak
	// the Runtime API, as bootstraps of AWS's custom runtimes do.
	Command []string
	// Dir is LAMBDA_TASK_ROOT and the working directory; "" is this process's.
	Dir string
	// Env is added to AWS's variables. Those that AWS reserves win over it, except
	// AWS_REGION, AWS_DEFAULT_REGION, AWS_EXECUTION_ENV and credentials.
	Env map[string]string
	// Timeout of one invocation with its post-response work; 0 means 3 s, as on AWS.
	Timeout time.Duration
	// MemoryMB (MiB) is enforced on Linux; 0 means no limit, and 128 in the environment.
	MemoryMB     int
	MaxInstances int    // 0 means no limit but the service's
	Handler      string // _HANDLER; the runtimes of AWS read it
	// Version is a number: the function is asked for as name:version then, or by
	// an alias. "" means $LATEST.
	Version string
}

// function is a Function at work. Its fields below stats are guarded by Service.mu.
type function struct {
	Function
	svc   *Service
	arn   string
	env   []string
	stats functionCounters

	instances map[*instance]struct{}
	idle      []*instance // a stack: the most recently used one is warmest
	starting  int
	waiters   []*invocation // first come, first served
	draining  bool
}

type functionCounters struct {
	invocations, coldStarts, throttles, errors, timeouts atomic.Uint64
}

var functionName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) })

func newFunction(s *Service, f Function) (*function, error) {
	refuse := func(field, reason string) (*function, error) {
		return nil, &FunctionConfigError{Name: f.Name, Field: field, Reason: reason}
	}
	switch {
	case !functionName().MatchString(f.Name):
		return refuse("Name", "1 to 64 letters, digits, - and _ are allowed")
	case len(f.Command) == 0:
		return refuse("Command", "missing")
	case f.Timeout < 0:
		return refuse("Timeout", "below 0")
	case f.MemoryMB < 0:
		return refuse("MemoryMB", "below 0")
	case f.MaxInstances < 0:
		return refuse("MaxInstances", "below 0")
	}
	f.Timeout = defaulted(f.Timeout, 3*time.Second)
	f.Version = defaulted(f.Version, latest)
	if f.Dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return refuse("Dir", err.Error())
		}
		f.Dir = dir
	}
	return &function{
		Function:  f,
		svc:       s,
		arn:       "arn:aws:lambda:" + s.opts.Region + ":000000000000:function:" + f.Name,
		env:       environment(s.opts, f),
		instances: map[*instance]struct{}{},
	}, nil
}

const latest = "$LATEST"

// environment lists what every instance of f gets. See
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func environment(o Options, f Function) []string {
	vars := map[string]string{}
	for _, name := range append([]string{"PATH", "HOME", "TMPDIR"}, o.PassEnv...) {
		if v, ok := os.LookupEnv(name); ok {
			vars[name] = v
		}
	}
	vars["AWS_REGION"] = o.Region
	vars["AWS_DEFAULT_REGION"] = o.Region
	vars["TZ"] = ":UTC"
	vars["LANG"] = "en_US.UTF-8"
	maps.Copy(vars, f.Env)
	vars["_HANDLER"] = f.Handler
	vars["LAMBDA_TASK_ROOT"] = f.Dir
	vars["LAMBDA_RUNTIME_DIR"] = f.Dir
	vars["AWS_LAMBDA_FUNCTION_NAME"] = f.Name
	vars["AWS_LAMBDA_FUNCTION_VERSION"] = f.Version
	vars["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = strconv.Itoa(defaulted(f.MemoryMB, 128))
	vars["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
	vars["AWS_LAMBDA_LOG_GROUP_NAME"] = "/aws/lambda/" + f.Name
	env := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		env = append(env, name+"="+vars[name])
	}
	return env
}

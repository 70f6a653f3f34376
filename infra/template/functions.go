package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pack/manifest"
)

const (
	runtimeNode   = "nodejs24.x"
	runtimeCustom = "provided.al2023"
)

// timeoutMargin is how many seconds longer than its maxDuration Lambda lets a
// function run: the bootstrap answers with 504 in between, as on a laptop.
const timeoutMargin = 2

// maxTimeout is Lambda's own, in seconds.
const maxTimeout = 900

func timeout(f *manifest.Function) int { return min(f.MaxDuration+timeoutMargin, maxTimeout) }

// runtimeOf says which of Lambda's runtimes a function needs: what has no
// JavaScript starts without Node.
func runtimeOf(f *manifest.Function) string {
	if len(f.Entries) > 0 {
		return runtimeNode
	}
	return runtimeCustom
}

// alias is the name of what points to the version in use.
const alias = "live"

const (
	idSharedRole = "RouteRole"
	idSharedLogs = "RouteLogs"
)

// addFunctions makes the functions of the region, with roles, logs and versions.
func (s *stack) addFunctions() error {
	if s.shared || s.o.Before.has(idSharedRole) {
		s.addRole(idSharedRole, manifest.RouteFunction, idSharedLogs)
		s.addLogs(idSharedLogs, "/aws/lambda/"+manifest.LambdaName(s.o.prefix(), "routes"))
	}
	for i := range s.d.Functions {
		f := &s.d.Functions[i]
		if !s.here(f) {
			continue
		}
		if err := s.addFunction(f); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
	}
	if err := s.carry(); err != nil {
		return err
	}
	slices.SortFunc(s.functions, func(a, b Placed) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func (s *stack) addFunction(f *manifest.Function) error {
	id, name := logicalID(f.Name), manifest.LambdaName(s.o.prefix(), f.Name)
	if len(name) > 64 {
		return &manifest.UserError{
			What: fmt.Sprintf("the name %s is too long", name), Why: "Lambda takes 64 characters", Hint: "give the app or the stage a shorter name",
		}
	}
	route := f.Kind == manifest.RouteFunction
	layer, err := s.addLayer(f)
	if err != nil {
		return err
	}
	layers := list{ref(layer)}
	if f.Kind == manifest.GatewayFunction || f.Kind == manifest.WorkerFunction {
		layers = append(layers, ref(s.addDeploymentLayer()))
	}
	role, logs := id+"Role", id+"Logs"
	group := []string{id}
	if route && s.shares(id) {
		role, logs = idSharedRole, idSharedLogs
	} else {
		s.addLogs(logs, "/aws/lambda/"+name)
		s.addRole(role, f.Kind, logs)
		group = append(group, role, logs, logs+"Abandoned")
	}
	env, err := s.environment(f)
	if err != nil {
		return err
	}
	handler := "bootstrap"
	if runtimeOf(f) == runtimeNode {
		handler = "pack.handler" // never called: the exec wrapper is in its place
	}
	r := &resource{Type: "AWS::Lambda::Function", Properties: object{
		"FunctionName": name, "Description": abridged(description(f), 256),
		"Runtime": runtimeOf(f), "Handler": handler, "Architectures": list{string(f.Architecture)},
		"Code":       object{"S3Bucket": ref(ParamArtifacts), "S3Key": FunctionKey(f.Archive.Digest)},
		"Layers":     layers,
		"Role":       attribute(role, "Arn"),
		"MemorySize": f.Memory, "Timeout": timeout(f),
		"Environment":   object{"Variables": env},
		"LoggingConfig": object{"LogFormat": "JSON", "LogGroup": ref(logs)},
	}}
	if f.Kind == manifest.WorkerFunction {
		// A job that is tried again is a message that the worker sends to the
		// queue that it takes from. It counts the attempts itself.
		r.Properties["RecursiveLoop"] = "Allow"
	}
	s.add(id, r)
	placed := Placed{Name: f.Name, LambdaName: name, Function: id}
	if !route || s.versioned {
		if placed.Version, err = s.addVersion(id, r); err != nil {
			return err
		}
		group = append(group, placed.Version)
	}
	s.functions = append(s.functions, placed)
	switch f.Kind {
	case manifest.RouteFunction:
		s.routes = append(s.routes, group)
	case manifest.GatewayFunction:
		s.addAlias(id, placed.Version, ParamGateway)
		s.addURL(id)
	case manifest.WorkerFunction:
		live := s.addAlias(id, placed.Version, ParamWorker)
		s.addEventSource(idRefresh, live)
		s.addEventSource(idJobs, live)
	}
	return nil
}

func description(f *manifest.Function) string {
	var routes []string
	for _, e := range f.Entries {
		routes = append(routes, e.Pathname)
	}
	switch f.Kind {
	case manifest.GatewayFunction:
		return "Receives every request that the CDN does not answer"
	case manifest.ImageFunction:
		return "Optimises images"
	case manifest.WorkerFunction:
		return "Refreshes stale pages and runs durable jobs"
	}
	return strings.Join(routes, " ")
}

// addVersion publishes a version of what the function is now. Its id changes
// with everything that is part of a version, so that CloudFormation makes a new
// one then and never otherwise; the old one stays.
func (s *stack) addVersion(function string, r *resource) (string, error) {
	text, err := encodeCompact(r.Properties)
	if err != nil {
		return "", err
	}
	id := function + "V" + strings.ToUpper(digest(text + s.given(r))[:10])
	s.add(id, &resource{Type: "AWS::Lambda::Version", Kept: true, Properties: object{"FunctionName": ref(function)}})
	return id, nil
}

// given is what a function's environment is given by parameters.
func (s *stack) given(r *resource) string {
	names := map[string]bool{}
	eachReference(r.Properties["Environment"], func(id, _ string, whole object) any {
		if _, ok := s.parameters[id]; ok {
			names[id] = true
		}
		return whole
	})
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&b, "%s %q %q\n", name, s.o.Values[name], s.o.Revision)
	}
	return b.String()
}

// addAlias points to the version in use: the one that the parameter names, or
// the new one. Whoever flips it without CloudFormation says so by the parameter
// the next time.
func (s *stack) addAlias(function, version, active string) (arn any) {
	s.parameters[active] = parameter{
		Description: "Version that stays in use; empty takes the new one into use", Pattern: "^[0-9]*$", Constraint: "a number, or empty",
	}
	id := function + "Live"
	s.add(id, &resource{Type: "AWS::Lambda::Alias", Properties: object{
		"Name": alias, "FunctionName": ref(function),
		"FunctionVersion": choose(active, ref(active), attribute(version, "Version")),
	}})
	return ref(id)
}

// addURL gives the gateway an address. Since October 2025 both permissions are
// needed, the second for calls through the URL only.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func (s *stack) addURL(function string) {
	s.add(idURL, &resource{Type: "AWS::Lambda::Url", DependsOn: []string{function + "Live"}, Properties: object{
		"TargetFunctionArn": ref(function), "Qualifier": alias, "AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM",
	}})
	s.add(idURL+"Permission", &resource{Type: "AWS::Lambda::Permission", Properties: object{
		"FunctionName": ref(function + "Live"), "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE",
	}})
	s.add(idURL+"InvokePermission", &resource{Type: "AWS::Lambda::Permission", Properties: object{
		"FunctionName": ref(function + "Live"), "Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": true,
	}})
	s.outputs[OutputGateway] = output{"The gateway's own URL", attribute(idURL, "FunctionUrl")}
}

const idURL = "GatewayUrl"

// addLogs makes a log group that counts abandoned work.
func (s *stack) addLogs(id, name string) {
	days := s.o.AWS.LogRetention
	if days == 0 {
		days = manifest.DefaultLogRetention
	}
	s.add(id, &resource{Type: "AWS::Logs::LogGroup", Properties: object{"LogGroupName": name, "RetentionInDays": days}})
	s.add(id+"Abandoned", &resource{Type: "AWS::Logs::MetricFilter", Properties: object{
		"LogGroupName":  ref(id),
		"FilterPattern": `{ $.msg = "` + abandonedWork + `" }`,
		"MetricTransformations": list{object{
			"MetricNamespace": metricNamespace, "MetricName": s.abandonedMetric(), "MetricValue": "1",
		}},
	}})
}

// abandonedWork is what functions log when maxDuration ends work that was left
// for after the response.
const abandonedWork = "post-response work abandoned"

// documentLayer begins the logical id of the layer with the Deployment.
const documentLayer = "LayerDeployment"

// IsDeploymentLayer reports whether a logical id is that of the layer with the
// Deployment, which every deploy makes anew.
func IsDeploymentLayer(id string) bool { return strings.HasPrefix(id, documentLayer) }

// addDeploymentLayer makes the layer with the Deployment.
func (s *stack) addDeploymentLayer() string {
	id := documentLayer + strings.ToUpper(s.o.DeploymentLayer[:min(len(s.o.DeploymentLayer), 10)])
	s.add(id, &resource{Type: "AWS::Lambda::LayerVersion", Properties: object{
		"LayerName": s.o.prefix() + "-deployment", "Description": "what gateway and worker know of the app",
		"Content":                 object{"S3Bucket": ref(ParamArtifacts), "S3Key": LayerKey(s.o.DeploymentLayer)},
		"CompatibleArchitectures": list{string(manifest.ARM64), string(manifest.X8664)},
		"CompatibleRuntimes":      list{runtimeNode, runtimeCustom},
	}})
	return id
}

// addLayer makes the layer of a function, once.
func (s *stack) addLayer(f *manifest.Function) (string, error) {
	name := LayerRuntime
	if f.Kind == manifest.ImageFunction {
		name = LayerImages
	}
	for _, l := range s.o.Layers {
		if l.Name != name || l.Architecture != f.Architecture {
			continue
		}
		architecture := strings.ReplaceAll(string(l.Architecture), "_", "-")
		id := "Layer" + logicalID(name + "-" + architecture)[:len(name+architecture)-strings.Count(architecture, "-")] + strings.ToUpper(l.Digest[:10])
		s.add(id, &resource{Type: "AWS::Lambda::LayerVersion", Properties: object{
			"LayerName": s.o.prefix() + "-" + name + "-" + architecture, "Description": "pack's program",
			"Content":                 object{"S3Bucket": ref(ParamArtifacts), "S3Key": LayerKey(l.Digest)},
			"CompatibleArchitectures": list{string(l.Architecture)},
			"CompatibleRuntimes":      list{runtimeNode, runtimeCustom},
		}})
		return id, nil
	}
	return "", fmt.Errorf("there is no layer %s for %s", name, f.Architecture)
}

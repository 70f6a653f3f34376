package template

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"pack/manifest"
)

// maxEnvironment is Lambda's, in bytes.
const maxEnvironment = 4096

// environment is what a function is told: the variables that package
// lambda/bootstrap reads. Nothing of a route function's may change with every
// deployment, so that it stays the same version in those that do not change it:
// whose request it answers it is told with the request (event.Call).
func (s *stack) environment(f *manifest.Function) (object, error) {
	env := object{}
	for name, value := range f.Environment {
		env[name] = value
	}
	gateway := s.ofKind(manifest.GatewayFunction)
	maps.Copy(env, object{"PACK_BUCKET": ref(idState), "PACK_BUCKET_OWNER": ref(accountID), "PACK_TAG_TABLE": ref(idTags)})
	env["PACK_FUNCTION_PREFIX"] = s.o.prefix()
	env["PACK_GATEWAY"] = gateway.Name + ":" + alias
	if _, set := env[manifest.ProcessorsVariable]; !set && f.Kind != manifest.ImageFunction {
		env[manifest.ProcessorsVariable] = strconv.Itoa(manifest.Processors(f.Memory))
	}
	if !s.atHome {
		env["PACK_STATE_REGION"] = home(s.d)
	}
	if runtimeOf(f) == runtimeNode {
		env["AWS_LAMBDA_EXEC_WRAPPER"] = "/opt/pack/bootstrap"
	}
	// Next's servers read it at run time, so that archives need not change with it.
	if id := s.d.App.DeploymentID; id != "" && len(f.Entries) > 0 {
		env["NEXT_DEPLOYMENT_ID"] = id
	}
	secured := s.atHome && !s.o.CDN.None
	switch f.Kind {
	case manifest.GatewayFunction:
		env["PACK_ASSETS_BUCKET"], env["PACK_ASSETS_PREFIX"] = ref(idAssets), AssetsPrefix
		if secured && s.purged {
			env["PACK_CDN_TAG_HEADER"] = tagHeader
		}
		if secured {
			env["PACK_ORIGIN_SECRET"], env["PACK_ORIGIN_SECRET_PREVIOUS"] = ref(ParamSecret), ref(ParamOldSecret)
		}
	}
	if f.Kind == manifest.GatewayFunction || f.Kind == manifest.WorkerFunction {
		if s.o.Release != "" && s.o.Release != s.d.ID {
			env["PACK_RELEASE"] = s.o.Release
		}
		if s.worker() != nil {
			env["PACK_REFRESH_QUEUE_URL"], env["PACK_JOB_QUEUE_URL"] = ref(idRefresh), ref(idJobs)
		}
	}
	if s.purges(f.Kind) {
		env["PACK_CDN_DISTRIBUTION"] = ref(ParamDistribution)
	}
	if f.Kind != manifest.ImageFunction && len(s.o.Secrets) > 0 {
		named := map[string]manifest.StoredSecret{}
		for name, secret := range s.o.Secrets {
			named[name] = secret.At(s.o.Stage)
		}
		text, err := encodeCompact(named)
		if err != nil {
			return nil, err
		}
		env["PACK_SECRETS"] = text
	}
	return env, checkEnvironment(env, f.Name)
}

// purges reports whether functions of a kind tell the CDN what has changed.
func (s *stack) purges(kind manifest.FunctionKind) bool {
	return !s.o.CDN.None && s.purged && kind != manifest.ImageFunction
}

// checkEnvironment refuses what Lambda would. What is not known yet is taken to
// be as long as it can be.
func checkEnvironment(env object, function string) error {
	const longestValue = 128
	size := 0
	for name, value := range env {
		text, plain := value.(string)
		if !plain {
			text = strings.Repeat("x", longestValue)
		}
		size += len(name) + len(text)
	}
	if size <= maxEnvironment {
		return nil
	}
	return &manifest.UserError{
		What: fmt.Sprintf("the environment of %s has %d bytes, pack's own included", function, size), Where: "pack.json: environment, secrets",
		Why: fmt.Sprintf("Lambda takes %d", maxEnvironment), Hint: "keep large values in one secret, and read them when the function starts",
	}
}

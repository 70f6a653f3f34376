package template

import (
	"cmp"
	"strings"
)

// Outputs of the home stack; those of the queues are with the queues.
const (
	OutputState        = "StateBucketName"
	OutputAssets       = "AssetBucketName"
	OutputTags         = "TagTableName"
	OutputGateway      = "GatewayUrl"
	OutputURL          = "Url"
	OutputDistribution = "DistributionId"
	OutputDomain       = "DistributionDomain"
)

// Address is where visitors find the app, by the home stack's outputs: its own domain,
// the CDN's, or, without a CDN, the gateway's, which behind one answers nobody else.
// Empty where there are none of them.
func Address(outputs map[string]string) string {
	if outputs[OutputURL] == "" && outputs[OutputDomain] != "" {
		return "https://" + outputs[OutputDomain]
	}
	return strings.TrimSuffix(cmp.Or(outputs[OutputURL], outputs[OutputGateway]), "/")
}

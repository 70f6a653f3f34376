package template

import (
	"fmt"
	"strings"

	"pack/manifest"
)

// What AWS manages: policies by their ids.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
const (
	policyDisabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" // CachingDisabled
	policyOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6" // CachingOptimized
	policyAllViewer = "b689b0a8-53d0-40ab-baf2-68738e2966ac" // AllViewerExceptHostHeader
)

// tagHeader is the response header that CloudFront reads tags from.
const tagHeader = "X-Pack-Cache-Tag"

// secretHeader is what CloudFront shows the gateway (package gateway).
const secretHeader = "X-Pack-Origin-Secret"

const (
	idDistribution  = "Distribution"
	idPagePolicy    = "PageCachePolicy"
	idImagePolicy   = "ImageCachePolicy"
	idViewer        = "ViewerFunction"
	idAccess        = "AssetAccess"
	originGateway   = "gateway"
	originAssets    = "assets"
	longestTTL      = 31536000
	maxBehaviors    = 75  // per distribution, the default one included
	maxReadTimeout  = 120 // seconds
	keepAlive       = 60  // seconds
	minimumProtocol = "TLSv1.2_2021"
)

// viewerCode tells the gateway the name that the viewer used: the request that
// reaches a function URL has the URL's own. It also escapes what a function URL does
// not take in the names of parameters, "where[id]" or "?/save": it would answer 400
// (https://github.com/payloadcms/payload/issues/7529,
// https://github.com/sveltejs/kit/issues/7098). Names and values come as the viewer
// wrote them, and leave as they are.
const viewerCode = `function handler(event) {
  var request = event.request, query = request.querystring;
  request.headers['x-forwarded-host'] = { value: request.headers.host.value };
  Object.keys(query).forEach(function (name) {
    var plain = name.replace(/[[\]\/?:@,;$]/g, encodeURIComponent);
    if (plain === name || plain in query) return;
    query[plain] = query[name];
    delete query[name];
  });
  return request;
}
`

// global names what has one name in all regions of an account: the same app may have
// two homes for a while, when it moves from one to the other.
func (s *stack) global(name string) string { return s.o.prefix() + "-" + s.region + "-" + name }

// addCDN makes the distribution. Only the home region has one.
func (s *stack) addCDN() error {
	if !s.atHome || s.o.CDN.None {
		return nil
	}
	caching, err := cachingOf(s.d)
	if err != nil {
		return err
	}
	for _, why := range caching.warnings {
		s.warn("%s", why)
	}
	read := s.ofKind(manifest.GatewayFunction).MaxDuration
	if read > maxReadTimeout {
		s.warn("CloudFront waits %d seconds for the first byte and between two packets; maxDuration is up to %d: a response that is silent for longer is cut off (504)", maxReadTimeout, read)
		read = maxReadTimeout
	}
	s.add(idViewer, &resource{Type: "AWS::CloudFront::Function", Properties: object{
		"Name": s.global("viewer"), "AutoPublish": true, "FunctionCode": viewerCode,
		"FunctionConfig": object{"Comment": "Tells the gateway the viewer's host name", "Runtime": "cloudfront-js-2.0"},
	}})
	s.add(idAccess, &resource{Type: "AWS::CloudFront::OriginAccessControl", Properties: object{
		"OriginAccessControlConfig": object{
			"Name": s.global("assets"), "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4",
		},
	}})
	pages := any(policyDisabled)
	if caching.pages && s.purged {
		s.addCachePolicy(idPagePolicy, "pages", caching.headers, caching.cookies)
		pages = ref(idPagePolicy)
	}
	config := object{
		"Enabled": true, "Comment": s.o.prefix(), "HttpVersion": "http2and3", "IPV6Enabled": true, "PriceClass": "PriceClass_All",
		"Origins": list{
			object{
				"Id": originGateway, "DomainName": hostOf(attribute(idURL, "FunctionUrl")),
				"CustomOriginConfig": object{
					"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": list{"TLSv1.2"},
					"OriginReadTimeout": read, "OriginKeepaliveTimeout": keepAlive,
				},
				"OriginCustomHeaders": list{object{"HeaderName": secretHeader, "HeaderValue": ref(ParamSecret)}},
			},
			object{
				"Id": originAssets, "DomainName": attribute(idAssets, "RegionalDomainName"), "OriginPath": "/" + staticPrefix,
				"OriginAccessControlId": attribute(idAccess, "Id"),
				"S3OriginConfig":        object{"OriginAccessIdentity": ""},
			},
		},
		"DefaultCacheBehavior": gatewayBehavior(pages),
		"CustomErrorResponses": uncachedErrors(),
	}
	if behaviors := s.behaviors(caching); len(behaviors) > 0 {
		config["CacheBehaviors"] = behaviors
	}
	if s.purged {
		config["CacheTagConfig"] = object{"HeaderName": tagHeader}
	}
	if s.o.CDN.WebACL != "" {
		config["WebACLId"] = s.o.CDN.WebACL
	}
	s.addDomains(config)
	s.add(idDistribution, &resource{Type: "AWS::CloudFront::Distribution", Properties: object{"DistributionConfig": config}})
	s.allowCDN()
	s.outputs[OutputDistribution] = output{"For the parameter " + ParamDistribution, ref(idDistribution)}
	s.outputs[OutputDomain] = output{"The CDN's own domain", attribute(idDistribution, "DomainName")}
	return nil
}

// errorStatuses are those that CloudFront keeps for ten seconds unless it is told not to,
// most of them whatever Cache-Control says, and without what else is in no cache key: one
// visitor's error would be everybody's.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
var errorStatuses = []int{400, 403, 404, 405, 414, 500, 501, 502, 503, 504}

// uncachedErrors leaves it to Cache-Control whether an error is kept.
func uncachedErrors() list {
	all := make(list, len(errorStatuses))
	for i, status := range errorStatuses {
		all[i] = object{"ErrorCode": status, "ErrorCachingMinTTL": 0}
	}
	return all
}

// allowCDN lets this distribution read the static files. Nothing else of the
// bucket is anybody's but the gateway's. That it may list is what makes S3 answer 404,
// and not 403, for a file that is not there; no path of the distribution is a listing.
func (s *stack) allowCDN() {
	document := s.resources[idAssets+"Policy"].Properties["PolicyDocument"].(object)
	allow := func(sid, action string, resource any) object {
		return object{
			"Sid": sid, "Effect": "Allow", "Principal": object{"Service": "cloudfront.amazonaws.com"}, "Action": action, "Resource": resource,
			"Condition": object{"StringEquals": object{
				"AWS:SourceArn": join("arn:aws:cloudfront::", ref(accountID), ":distribution/", ref(idDistribution)),
			}},
		}
	}
	document["Statement"] = append(document["Statement"].(list),
		allow("CDN", "s3:GetObject", bucketARN(idAssets, "/"+staticPrefix+"/*")), allow("CDNMisses", "s3:ListBucket", bucketARN(idAssets)))
}

// behaviors are those besides the default one; of several that match a path the
// first counts. What the gateway does not answer, and what it must always be
// asked, come first.
func (s *stack) behaviors(c caching) list {
	base := s.d.App.BasePath
	var all list
	at := func(pattern string, behavior object) {
		behavior["PathPattern"] = pattern
		all = append(all, behavior)
	}
	disabled := func() object { return gatewayBehavior(policyDisabled) }
	at("/_pack/*", disabled())
	for _, pattern := range c.proxied {
		at(pattern, disabled())
	}
	if c.static {
		at(base+staticPath+"*", object{
			"TargetOriginId": originAssets, "ViewerProtocolPolicy": "redirect-to-https", "Compress": true,
			"AllowedMethods": list{"GET", "HEAD", "OPTIONS"}, "CachePolicyId": policyOptimized,
		})
	}
	if image := s.ofKind(manifest.ImageFunction); image != nil && c.images {
		s.addCachePolicy(idImagePolicy, "images", []string{"accept", manifest.ReleaseHeader}, []string{manifest.ReleaseCookie})
		at(strings.TrimSuffix(imagePath(s.d), "/")+"*", gatewayBehavior(ref(idImagePolicy)))
	}
	return all
}

func imagePath(d *manifest.Deployment) string {
	if d.App.Images.Path != "" {
		return d.App.Images.Path
	}
	return d.App.BasePath + "/_next/image"
}

// gatewayBehavior passes everything on to the gateway.
func gatewayBehavior(policy any) object {
	return object{
		"TargetOriginId": originGateway, "ViewerProtocolPolicy": "redirect-to-https", "Compress": true,
		"AllowedMethods": list{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}, "CachedMethods": list{"GET", "HEAD"},
		"CachePolicyId": policy, "OriginRequestPolicyId": policyAllViewer,
		"FunctionAssociations": list{object{"EventType": "viewer-request", "FunctionARN": attribute(idViewer, "FunctionARN")}},
	}
}

// addCachePolicy keeps what the origin's Cache-Control says is to be kept.
func (s *stack) addCachePolicy(id, name string, headers, cookies []string) {
	parameters := object{
		"EnableAcceptEncodingGzip": true, "EnableAcceptEncodingBrotli": true,
		"QueryStringsConfig": object{"QueryStringBehavior": "all"},
		"HeadersConfig":      object{"HeaderBehavior": "whitelist", "Headers": texts(headers)},
		"CookiesConfig":      object{"CookieBehavior": "none"},
	}
	if len(cookies) > 0 {
		parameters["CookiesConfig"] = object{"CookieBehavior": "whitelist", "Cookies": texts(cookies)}
	}
	s.add(id, &resource{Type: "AWS::CloudFront::CachePolicy", Properties: object{"CachePolicyConfig": object{
		"Name": s.global(name), "Comment": fmt.Sprintf("pack: %s", name),
		"MinTTL": 0, "DefaultTTL": 0, "MaxTTL": longestTTL, "ParametersInCacheKeyAndForwardedToOrigin": parameters,
	}}})
}

func texts(all []string) list {
	out := make(list, len(all))
	for i, text := range all {
		out[i] = text
	}
	return out
}

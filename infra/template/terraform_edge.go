package template

// edge translates the CDN and its domains; false for everything else.
func (t *terraform) edge(id string, r *resource, p object) bool {
	switch r.Type {
	case "AWS::CloudFront::Function":
		config := p["FunctionConfig"].(object)
		t.add("aws_cloudfront_function", id, object{
			"name": p["Name"], "code": p["FunctionCode"], "runtime": config["Runtime"], "comment": config["Comment"], "publish": true,
		})
	case "AWS::CloudFront::OriginAccessControl":
		c := p["OriginAccessControlConfig"].(object)
		t.add("aws_cloudfront_origin_access_control", id, object{
			"name": c["Name"], "origin_access_control_origin_type": c["OriginAccessControlOriginType"],
			"signing_behavior": c["SigningBehavior"], "signing_protocol": c["SigningProtocol"],
		})
	case "AWS::CloudFront::CachePolicy":
		t.cachePolicy(id, p["CachePolicyConfig"].(object))
	case "AWS::CloudFront::Distribution":
		t.distribution(id, p["DistributionConfig"].(object))
	case "AWS::CertificateManager::Certificate":
		t.certificate(id, p)
	case "AWS::Route53::RecordSet":
		target := p["AliasTarget"].(object)
		t.add("aws_route53_record", id, object{
			"zone_id": p["HostedZoneId"], "name": p["Name"], "type": p["Type"],
			"alias": object{"name": target["DNSName"], "zone_id": target["HostedZoneId"], "evaluate_target_health": false},
		})
	default:
		return false
	}
	return true
}

func (t *terraform) cachePolicy(id string, c object) {
	p := c["ParametersInCacheKeyAndForwardedToOrigin"].(object)
	cookies := p["CookiesConfig"].(object)
	cookieConfig := object{"cookie_behavior": cookies["CookieBehavior"]}
	if cookies["Cookies"] != nil {
		cookieConfig["cookies"] = object{"items": cookies["Cookies"]}
	}
	headers := p["HeadersConfig"].(object)
	t.add("aws_cloudfront_cache_policy", id, object{
		"name": c["Name"], "comment": c["Comment"], "min_ttl": c["MinTTL"], "default_ttl": c["DefaultTTL"], "max_ttl": c["MaxTTL"],
		"parameters_in_cache_key_and_forwarded_to_origin": object{
			"enable_accept_encoding_gzip": p["EnableAcceptEncodingGzip"], "enable_accept_encoding_brotli": p["EnableAcceptEncodingBrotli"],
			"query_strings_config": object{"query_string_behavior": p["QueryStringsConfig"].(object)["QueryStringBehavior"]},
			"headers_config":       object{"header_behavior": headers["HeaderBehavior"], "headers": object{"items": headers["Headers"]}},
			"cookies_config":       cookieConfig,
		},
	})
}

func (t *terraform) distribution(id string, c object) {
	arguments := object{
		"enabled": true, "comment": c["Comment"], "http_version": c["HttpVersion"], "is_ipv6_enabled": c["IPV6Enabled"], "price_class": c["PriceClass"],
		"restrictions":           object{"geo_restriction": object{"restriction_type": "none"}},
		"viewer_certificate":     object{"cloudfront_default_certificate": true},
		"default_cache_behavior": behaviorArguments(c["DefaultCacheBehavior"].(object)),
	}
	var origins, behaviors, errors list
	for _, response := range c["CustomErrorResponses"].(list) {
		e := response.(object)
		errors = append(errors, object{"error_code": e["ErrorCode"], "error_caching_min_ttl": e["ErrorCachingMinTTL"]})
	}
	arguments["custom_error_response"] = errors
	for _, origin := range c["Origins"].(list) {
		origins = append(origins, originArguments(origin.(object)))
	}
	arguments["origin"] = origins
	if all, ok := c["CacheBehaviors"].(list); ok {
		for _, behavior := range all {
			behaviors = append(behaviors, behaviorArguments(behavior.(object)))
		}
		arguments["ordered_cache_behavior"] = behaviors
	}
	if acl, ok := c["WebACLId"]; ok {
		arguments["web_acl_id"] = acl
	}
	if aliases, ok := c["Aliases"]; ok {
		v := c["ViewerCertificate"].(object)
		arguments["aliases"] = aliases
		arguments["viewer_certificate"] = object{
			"acm_certificate_arn": v["AcmCertificateArn"], "ssl_support_method": v["SslSupportMethod"], "minimum_protocol_version": v["MinimumProtocolVersion"],
		}
	}
	t.add("aws_cloudfront_distribution", id, arguments)
}

func originArguments(o object) object {
	out := object{"origin_id": o["Id"], "domain_name": o["DomainName"]}
	if custom, ok := o["CustomOriginConfig"].(object); ok {
		out["custom_origin_config"] = object{
			"http_port": 80, "https_port": 443, "origin_protocol_policy": custom["OriginProtocolPolicy"], "origin_ssl_protocols": custom["OriginSSLProtocols"],
			"origin_read_timeout": custom["OriginReadTimeout"], "origin_keepalive_timeout": custom["OriginKeepaliveTimeout"],
		}
		header := o["OriginCustomHeaders"].(list)[0].(object)
		out["custom_header"] = object{"name": header["HeaderName"], "value": header["HeaderValue"]}
		return out
	}
	out["origin_path"], out["origin_access_control_id"] = o["OriginPath"], o["OriginAccessControlId"]
	return out
}

func behaviorArguments(b object) object {
	out := object{
		"target_origin_id": b["TargetOriginId"], "viewer_protocol_policy": b["ViewerProtocolPolicy"], "compress": b["Compress"],
		"allowed_methods": b["AllowedMethods"], "cached_methods": list{"GET", "HEAD"}, "cache_policy_id": b["CachePolicyId"],
	}
	if pattern, ok := b["PathPattern"]; ok {
		out["path_pattern"] = pattern
	}
	if policy, ok := b["OriginRequestPolicyId"]; ok {
		out["origin_request_policy_id"] = policy
	}
	if all, ok := b["FunctionAssociations"].(list); ok {
		f := all[0].(object)
		out["function_association"] = object{"event_type": f["EventType"], "function_arn": f["FunctionARN"]}
	}
	return out
}

// certificate proves with records of the hosted zone, where there is one, that
// the domains are ours; without, the owner has to.
func (t *terraform) certificate(id string, p object) {
	arguments := object{
		"provider": "aws.certificates", "domain_name": p["DomainName"], "validation_method": p["ValidationMethod"],
		"lifecycle": object{"create_before_destroy": true},
	}
	if names, ok := p["SubjectAlternativeNames"]; ok {
		arguments["subject_alternative_names"] = names
	}
	t.add("aws_acm_certificate", id, arguments)
	zone := t.s.o.CDN.HostedZone
	if zone == "" {
		return
	}
	t.add("aws_route53_record", id+"Validation", object{
		"for_each": "${{ for o in aws_acm_certificate." + id + ".domain_validation_options : o.domain_name => o }}",
		"zone_id":  zone, "name": "${each.value.resource_record_name}", "type": "${each.value.resource_record_type}",
		"records": list{"${each.value.resource_record_value}"}, "ttl": 300, "allow_overwrite": true,
	})
	t.add("aws_acm_certificate_validation", id, object{
		"provider": "aws.certificates", "certificate_arn": "${aws_acm_certificate." + id + ".arn}",
		"validation_record_fqdns": "${[for r in aws_route53_record." + id + "Validation : r.fqdn]}",
	})
}

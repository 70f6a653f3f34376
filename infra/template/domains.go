package template

const idCertificate = "Certificate"

// cloudFrontZone is the hosted zone of all distributions.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-route53-recordset-aliastarget.html
const cloudFrontZone = "Z2FDTNDATAQYW2"

// certificateRegion is where CloudFront looks for certificates.
const certificateRegion = "us-east-1"

// addDomains gives the distribution its names and a certificate for them.
func (s *stack) addDomains(config object) {
	domains := s.o.Domains
	if len(domains) == 0 {
		return
	}
	config["Aliases"] = texts(domains)
	config["ViewerCertificate"] = object{
		"AcmCertificateArn": s.certificate(), "SslSupportMethod": "sni-only", "MinimumProtocolVersion": minimumProtocol,
	}
	s.outputs[OutputURL] = output{"Where the app is", "https://" + domains[0]}
	if s.o.CDN.HostedZone == "" {
		return
	}
	for _, domain := range domains {
		for _, kind := range []string{"A", "AAAA"} {
			s.add("Record"+logicalID(domain)+kind, &resource{Type: "AWS::Route53::RecordSet", Properties: object{
				"HostedZoneId": s.o.CDN.HostedZone, "Name": domain, "Type": kind,
				"AliasTarget": object{"DNSName": attribute(idDistribution, "DomainName"), "HostedZoneId": cloudFrontZone},
			}})
		}
	}
}

// certificate is the ARN of the one there is, or of one that is made.
func (s *stack) certificate() any {
	if s.o.CDN.Certificate != "" {
		return s.o.CDN.Certificate
	}
	domains := s.o.Domains
	properties := object{"DomainName": domains[0], "ValidationMethod": "DNS"}
	if len(domains) > 1 {
		properties["SubjectAlternativeNames"] = texts(domains[1:])
	}
	if zone := s.o.CDN.HostedZone; zone != "" {
		var options list
		for _, domain := range domains {
			options = append(options, object{"DomainName": domain, "HostedZoneId": zone})
		}
		properties["DomainValidationOptions"] = options
	}
	s.add(idCertificate, &resource{Type: "AWS::CertificateManager::Certificate", Region: certificateRegion, Properties: properties})
	return ref(idCertificate)
}

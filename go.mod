module pack

go 1.26

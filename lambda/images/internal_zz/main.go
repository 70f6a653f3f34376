package main
import ("net/http";"pack/lambda/images")
func main(){ http.ListenAndServe("127.0.0.1:1", images.New(images.Options{})) }

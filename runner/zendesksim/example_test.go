package zendesksim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func Example() {
	seed, err := zendesksim.ReadAccount(strings.NewReader(`{"organizations": [{"name": "Acme", "domain_names": ["acme.org"]}]}`))
	if err != nil {
		panic(err)
	}
	sim, err := zendesksim.New(zendesksim.Options{Account: seed})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()

	body := `{"user": {"name": "Ann", "email": "ann@acme.org", "verified": true}}`
	request, err := http.NewRequest("POST", server.URL+"/api/v2/users/create_or_update.json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer any")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		panic(err)
	}

	account := sim.Account()
	fmt.Println(response.StatusCode)
	fmt.Println(len(account.Users), "user,", len(account.Memberships), "membership of", account.Memberships[0].OrganizationName)
	// Output:
	// 201
	// 1 user, 1 membership of Acme
}

// Shows the document. The validator of Swagger UI is somebody else's server, so it is left out.
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});

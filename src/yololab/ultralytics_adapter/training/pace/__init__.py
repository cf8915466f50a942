"""What makes a training reach its accuracy sooner: epochs that are validated, image sizes."""

# What `cmake --install` puts where, and the .deb that `cpack` makes of it.
#
# Everything is relative to the prefix at the time of installing, so that `cmake --install BUILD --prefix DIR` and
# DESTDIR mean what they say.
include(GNUInstallDirs)

set(share ${CMAKE_INSTALL_DATAROOTDIR})
set(pages ${PROJECT_BINARY_DIR}/pages)  # written by the program itself: src/app/CMakeLists.txt

install(TARGETS plimsoll RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

install(DIRECTORY ${pages}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${pages}/bash-completion/completions/plimsoll DESTINATION ${share}/bash-completion/completions)
install(FILES ${pages}/fish/vendor_completions.d/plimsoll.fish DESTINATION ${share}/fish/vendor_completions.d)
# Debian's zsh looks below /usr in the second of these alone, zsh elsewhere in the first.
foreach(folder site-functions vendor-completions)
  install(FILES ${pages}/zsh/vendor-completions/_plimsoll DESTINATION ${share}/zsh/${folder})
endforeach()

foreach(part alerts grafana prometheus provisioning tempo)
  install(DIRECTORY dashboards/${part} DESTINATION ${share}/plimsoll/dashboards
          FILES_MATCHING PATTERN "*.json" PATTERN "*.yml" PATTERN "*.yaml")
endforeach()

install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES cmake/package/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(FILES cmake/package/probe.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
        PATTERN frameworks EXCLUDE PATTERN __pycache__ EXCLUDE)

# The path of the program in it is known only now. Each installation makes its own: two of one build at once would take
# the file away from each other.
set(unit_source ${PROJECT_SOURCE_DIR}/cmake/package/plimsoll-probe.service.in)
install(CODE "
  string(RANDOM LENGTH 12 unit_folder)
  set(unit_folder \"${PROJECT_BINARY_DIR}/install-\${unit_folder}\")
  set(unit_made \"\${unit_folder}/plimsoll-probe.service\")
  set(PLIMSOLL_PROGRAM \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/plimsoll\")
  set(PLIMSOLL_DOCS \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
  configure_file(\"${unit_source}\" \"\${unit_made}\" @ONLY)
  file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\" TYPE FILE FILES \"\${unit_made}\")
  file(REMOVE_RECURSE \"\${unit_folder}\")
")

# --- the package ----------------------------------------------------------------------------------

set(PLIMSOLL_PACKAGE_CONTACT "Plimsoll maintainers <maintainers@plimsoll.invalid>"
    CACHE STRING "Who is responsible for the package that you build: NAME <ADDRESS>")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME plimsoll)
set(CPACK_PACKAGE_CONTACT "${PLIMSOLL_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "load and capacity tester that names the bottleneck")
set(CPACK_PACKAGE_DESCRIPTION
"Puts load on an HTTP service, watches its PostgreSQL, containers and
processes on the same clock, and says whether the measurement can be
trusted, where the service broke, what gave way first, and which number
to change.
.
Also serves what it sees to Prometheus, alone as a probe beside other load
tools, with dashboards for Grafana and alerting rules.")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # from what the program loads, never from a list
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, prometheus, python3")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/cmake/package/postinst ${PROJECT_SOURCE_DIR}/cmake/package/prerm)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package/debian.cmake)
set(CPACK_OUTPUT_CONFIG_FILE ${PROJECT_BINARY_DIR}/CPackConfig.cmake)
include(CPack)

# Before a .deb is packed: what Debian's policy asks of its files and no other installation needs.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)

function(compress)
  execute_process(COMMAND gzip --best --no-name --force ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(GLOB pages ${root}/man/man1/*.1)
if(NOT pages)
  message(FATAL_ERROR "no manual page in ${root}/man/man1: was the target plimsoll built?")
endif()
compress(${pages})

# The project's own changelog, and one of the package in Debian's form.
file(RENAME ${root}/doc/plimsoll/CHANGELOG.md ${root}/doc/plimsoll/changelog)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, where that is set
file(WRITE ${root}/doc/plimsoll/changelog.Debian
"plimsoll (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}: changelog.gz has what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
compress(${root}/doc/plimsoll/changelog ${root}/doc/plimsoll/changelog.Debian)
